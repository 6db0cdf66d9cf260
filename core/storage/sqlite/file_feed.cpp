#include "storage/sqlite/file_feed.hpp"

#include "storage/sql/rows.hpp"

namespace agw::storage {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPause{50};

/// Another number than before: another connection has written. Asked on the connection that writes for this
/// process, so that its own writes do not count.
const Sql kDataVersion{"PRAGMA data_version"};

}  // namespace

FileFeed::FileFeed(std::shared_ptr<Pool> writers, std::shared_ptr<GrantChanges> changes)
    : writers_(std::move(writers)), changes_(std::move(changes)) {
  look();
  thread_ = std::thread([this] { run(); });
}

FileFeed::~FileFeed() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void FileFeed::run() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kPause, [this] { return ending_; })) {
    lock.unlock();
    look();
    lock.lock();
  }
}

// Where the file cannot be asked, nothing is confirmed, and copies of grants go out of use by themselves.
void FileFeed::look() {
  constexpr std::chrono::seconds kLongest{1};
  try {
    const auto borrowed = writers_->borrow();
    Connection& writer = *borrowed;
    const auto asked = steady_clock::now();
    writer.ready(asked + kLongest);
    const auto version = fetch(writer, kDataVersion, [](const Row& row) { return numberAt(row, 0); });
    if (version != seen_) changes_->tellAll();
    seen_ = version;
    changes_->toldUntil(asked);
  } catch (const SqlFailure&) {
    return;
  }
}

}  // namespace agw::storage
