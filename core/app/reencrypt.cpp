#include "app/reencrypt.hpp"

#include <algorithm>
#include <set>

#include "broker/places.hpp"

namespace agw {
namespace {

constexpr int kPage = 200;
constexpr std::size_t kRowsBetweenLines = 5'000;
constexpr int kMaxPasses = 10;

}  // namespace

bool KeyCensus::onlyOn(const std::string& first) const {
  return unreadable == 0 && std::all_of(rowsByKey.begin(), rowsByKey.end(), [&](const auto& entry) {
           return entry.first == first || entry.second == 0;
         });
}

Reencryption::Reencryption(Storage& storage, const Vault& vault, const std::vector<FernetKey>& ring,
                           std::function<void(const std::string&)> tell, std::function<void()> pause)
    : storage_(storage), vault_(vault), tell_(std::move(tell)), pause_(std::move(pause)) {
  for (const auto& key : ring) {
    ciphers_.emplace_back(key);
    fingerprints_.push_back(key.fingerprint());
  }
}

Result<void> Reencryption::forEachRow(const std::function<Result<void>(SealedRow&)>& visit) {
  std::string table;
  std::string id;
  while (true) {
    auto page = storage_.sealedRows(table, id, kPage);
    if (!page) return std::move(page).error();
    if (page->empty()) return {};
    table = page->back().table;
    id = page->back().id;
    for (auto& row : *page) {
      if (auto visited = visit(row); !visited) return visited;
    }
  }
}

void Reencryption::census(const SealedRow& row, KeyCensus& census) const {
  ++census.rows;
  std::set<std::string> keys;
  bool readable = true;
  for (const auto& field : row.fields) {
    const auto maker = std::find_if(ciphers_.begin(), ciphers_.end(),
                                    [&](const Fernet& cipher) { return cipher.decrypt(field.text).ok(); });
    if (maker != ciphers_.end())
      keys.insert(fingerprints_[static_cast<std::size_t>(maker - ciphers_.begin())]);
    readable = readable && maker != ciphers_.end() && vault_.open(placeOf(row, field), field.text).ok();
  }
  for (const auto& key : keys) ++census.rowsByKey[key];
  if (!readable) ++census.unreadable;
}

Result<KeyCensus> Reencryption::count() {
  KeyCensus result;
  for (const auto& fingerprint : fingerprints_) result.rowsByKey[fingerprint] = 0;
  auto walked = forEachRow([&](SealedRow& row) -> Result<void> {
    census(row, result);
    return {};
  });
  if (!walked) return std::move(walked).error();
  return result;
}

Result<bool> Reencryption::replace(SealedRow& row) {
  for (auto& field : row.fields) {
    const Place place = placeOf(row, field);
    const auto plain = vault_.open(place, field.text);
    if (!plain) return plain.error();
    auto sealed = vault_.seal(place, *plain);
    if (!sealed) return std::move(sealed).error();
    field.text = std::move(*sealed);
  }
  const auto replaced = storage_.replaceSealed(row);
  if (replaced) return true;
  if (replaced.error().kind == ErrorKind::Conflict || replaced.error().kind == ErrorKind::NotFound)
    return false;
  return replaced.error();
}

Result<Reencryption::Pass> Reencryption::pass() {
  Pass pass;
  auto walked = forEachRow([&](SealedRow& row) -> Result<void> {
    if (++pass.seen % kRowsBetweenLines == 0) {
      tell_(std::to_string(pass.seen) + " rows read, " + std::to_string(pass.replaced) + " re-encrypted");
    }
    const auto onFirst = [this](const SealedField& field) { return vault_.sealedByFirstKey(field.text); };
    if (std::all_of(row.fields.begin(), row.fields.end(), onFirst)) return {};
    const bool readable = std::all_of(row.fields.begin(), row.fields.end(), [&](const SealedField& field) {
      return vault_.open(placeOf(row, field), field.text).ok();
    });
    if (!readable) return {};  // left as it is; the census reports it
    const auto replaced = replace(row);
    if (!replaced) return replaced.error();
    ++(*replaced ? pass.replaced : pass.conflicts);
    return {};
  });
  if (!walked) return std::move(walked).error();
  return pass;
}

Result<std::size_t> Reencryption::run() {
  std::size_t replaced = 0;
  for (int i = 0; i < kMaxPasses; ++i) {
    const auto done = pass();
    if (!done) return done.error();
    replaced += done->replaced;
    if (done->conflicts == 0) break;
    tell_(std::to_string(done->conflicts) + " rows were busy; trying them again");
    pause_();
  }
  return replaced;
}

}  // namespace agw
