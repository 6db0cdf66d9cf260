#include "app/key_guard.hpp"

#include <algorithm>
#include <array>

#include "broker/places.hpp"
#include "crypto/key_check.hpp"

namespace agw {
namespace {

constexpr const char* kCheckRecord = "key_check";
constexpr const char* kInUseRecord = "keys_in_use";

Error refused(std::string message) {
  return Error{.kind = ErrorKind::BadOption, .message = std::move(message)};
}

std::string joined(const std::set<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

bool readable(const Vault& vault, const SealedRow& row) {
  return std::all_of(row.fields.begin(), row.fields.end(), [&](const SealedField& field) {
    return vault.open(placeOf(row, field), field.text).ok();
  });
}

/// Rows that no key of the vault reads. Reads the whole database: for refusals only.
Result<std::size_t> countUnreadable(Storage& storage, const Vault& vault) {
  constexpr int kPage = 500;
  std::size_t count = 0;
  std::string table;
  std::string id;
  while (true) {
    auto page = storage.sealedRows(table, id, kPage);
    if (!page) return std::move(page).error();
    if (page->empty()) return count;
    for (const auto& row : *page) count += readable(vault, row) ? 0U : 1U;
    table = page->back().table;
    id = page->back().id;
  }
}

/// A few rows from several places of every table: ids are random, so that a first digit is a place.
Result<std::vector<SealedRow>> sampleRows(Storage& storage) {
  constexpr int kRowsEach = 10;
  constexpr std::array kTables{"oauth_credentials", "oauth_providers", "oauth_revocations", "oauth_sessions",
                               "oauth_states"};
  constexpr std::array kPlaces{"", "4", "8", "c", "f"};
  std::vector<SealedRow> sample;
  for (const char* table : kTables) {
    for (const char* place : kPlaces) {
      auto rows = storage.sealedRows(table, place, kRowsEach);
      if (!rows) return std::move(rows).error();
      std::move(rows->begin(), rows->end(), std::back_inserter(sample));
    }
  }
  return sample;
}

Result<void> refuseMissingKeys(Storage& storage, const Vault& vault, const std::set<std::string>& missing) {
  const auto count = countUnreadable(storage, vault);
  if (!count) return count.error();
  if (*count == 0) return {};
  return refused(
      std::to_string(*count) + " stored rows still need the key " + joined(missing) +
      ", which is not among the keys given. Put it back into AUTH_GATEWAY_ROTATION_KEYS, then run: "
      "auth-gateway reencrypt-tokens");
}

/// A database that has rows and no record, because it came from elsewhere: the rows themselves must tell.
Result<void> checkRows(Storage& storage, const Vault& vault) {
  const auto sample = sampleRows(storage);
  if (!sample) return sample.error();
  const auto fits = [&](const SealedRow& row) { return readable(vault, row); };
  if (std::all_of(sample->begin(), sample->end(), fits)) return {};
  const auto count = countUnreadable(storage, vault);
  if (!count) return count.error();
  return refused(
      "The keys given do not read " + std::to_string(*count) +
      " rows of this database. Set AUTH_GATEWAY_ENCRYPTION_KEY to the key that they were written with.");
}

/// Tampering and damage are told when a row is used; here they are worth a word, not a stopped gateway.
void warnOfUnreadable(Storage& storage, const Vault& vault, Log& log) {
  const auto sample = sampleRows(storage);
  if (!sample) return;
  for (const auto& row : *sample) {
    if (!readable(vault, row)) {
      log.write(LogLevel::Error, "sealed_row_unreadable", {{"table", row.table}, {"id", row.id}});
    }
  }
}

Result<void> write(Storage& storage, const Vault& vault, const std::set<std::string>& keys, bool check) {
  if (auto written = storage.writeMeta(kInUseRecord, joined(keys)); !written) return written;
  if (!check) return {};
  const auto record = makeKeyCheck(vault);
  if (!record) return record.error();
  return storage.writeMeta(kCheckRecord, *record);
}

}  // namespace

Result<std::set<std::string>> keysInUse(Storage& storage) {
  const auto text = storage.readMeta(kInUseRecord);
  if (!text) return text.error();
  std::set<std::string> keys;
  std::string_view rest = *text ? std::string_view(**text) : std::string_view();
  while (!rest.empty()) {
    const auto end = std::min(rest.find(' '), rest.size());
    if (end > 0) keys.emplace(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return keys;
}

Result<void> guardKeys(Storage& storage, const Vault& vault, Log& log) {
  const auto given = vault.fingerprints();
  const auto isGiven = [&](const std::string& key) {
    return std::find(given.begin(), given.end(), key) != given.end();
  };
  auto used = keysInUse(storage);
  if (!used) return used.error();
  const auto check = storage.readMeta(kCheckRecord);
  if (!check) return check.error();

  std::set<std::string> missing;
  for (const auto& key : *used) {
    if (!isGiven(key)) missing.insert(key);
  }
  const bool someFit = missing.size() < used->size();
  if (!missing.empty() && someFit) {
    if (auto refusal = refuseMissingKeys(storage, vault, missing); !refusal) return refusal;
    for (const auto& key : missing) used->erase(key);
  }
  bool renewCheck = !*check;
  if (*check) {
    auto verified = verifyKeyCheck(vault, **check);
    // The key that made the check may be gone when no row needs it any more, which was counted above.
    if (!verified && !(someFit && !missing.empty())) return verified;
    renewCheck = !verified;
    warnOfUnreadable(storage, vault, log);
  } else if (auto fit = checkRows(storage, vault); !fit) {
    return fit;
  }
  const bool known = !used->insert(given.front()).second;
  if (!*check) used->insert(given.begin(), given.end());
  if (known && missing.empty() && !renewCheck) return {};
  return write(storage, vault, *used, renewCheck);
}

Result<void> recordOnlyFirstKey(Storage& storage, const Vault& vault) {
  return write(storage, vault, {vault.fingerprints().front()}, true);
}

}  // namespace agw
