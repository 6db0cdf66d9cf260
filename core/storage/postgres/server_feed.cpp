#include "storage/postgres/server_feed.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "storage/sql/rows.hpp"

namespace agw::storage {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kBeat{500};
constexpr milliseconds kLongestBeat{1'000};
constexpr milliseconds kLongestStart{4'000};
constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{5'000};

const Sql kAreYouThere{"SELECT 1"};

ConnectionOptions named(ConnectionOptions options) {
  for (auto& [keyword, value] : options) {
    if (keyword == "application_name") value += " (changes)";
  }
  return options;
}

}  // namespace

ServerFeed::ServerFeed(ConnectionOptions options, Secret password, std::shared_ptr<GrantChanges> changes,
                       Log& log)
    : connection_(named(std::move(options)), std::move(password)),
      changes_(std::move(changes)),
      log_(log),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  // Without the descriptor nothing could end the thread: then nothing is told, and no copy is used.
  if (wake_ >= 0) thread_ = std::thread([this] { run(); });
}

ServerFeed::~ServerFeed() {
  if (wake_ < 0) return;
  eventfd_write(wake_, 1);
  thread_.join();
  close(wake_);
}

void ServerFeed::run() {
  auto rest = kFirstPause;
  for (bool ended = false; !ended;) {
    try {
      hear();
      return;
    } catch (const SqlFailure& failure) {
      changes_->toldUntil(steady_clock::time_point::min());
      if (std::exchange(hearing_, false)) {
        log_.write(LogLevel::Warning, "grant_changes_lost",
                   {{"effect", "reads go to the database"}, {"detail", failure.error.detail}});
        rest = kFirstPause;
      }
    }
    ended = pause(rest);
    rest = std::min(rest * 2, kLongestPause);
  }
}

/// True at the end.
bool ServerFeed::pause(milliseconds time) const {
  pollfd wake{.fd = wake_, .events = POLLIN, .revents = 0};
  return poll(&wake, 1, static_cast<int>(time.count())) > 0;
}

void ServerFeed::hear() {
  begin();
  auto beat = steady_clock::now();
  while (!pause(milliseconds(0))) {
    if (steady_clock::now() >= beat) {
      confirm();
      beat = steady_clock::now() + kBeat;
    }
    connection_.awaitInput(wake_, std::chrono::ceil<milliseconds>(beat - steady_clock::now()));
    pass();
  }
}

void ServerFeed::begin() {
  connection_.ready(steady_clock::now() + kLongestStart);
  connection_.script("LISTEN agw_grants");
  changes_->tellAll();  // what was written until now went unheard
  hearing_ = true;
  log_.write(LogLevel::Info, "grant_changes_heard", {{"effect", "reads may be answered from memory"}});
}

// The server sends what was committed before a statement at the latest with the statement's answer.
void ServerFeed::confirm() {
  const auto asked = steady_clock::now();
  connection_.keepUntil(asked + kLongestBeat);
  execute(connection_, kAreYouThere, [](const Row&) {});
  pass();
  changes_->toldUntil(asked);
}

void ServerFeed::pass() {
  for (const auto& id : connection_.notifications()) {
    id.empty() ? changes_->tellAll() : changes_->tell(id);
  }
}

}  // namespace agw::storage
