#include "storage/sql/dialect.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace agw::storage {

const Dialect kSqliteDialect{
    .now = "agw_now()",
    .skipLocked = "",
    .lockRows = "",  // BEGIN IMMEDIATE keeps every other writer away
    .text = "TEXT",
    .counter = "INTEGER PRIMARY KEY AUTOINCREMENT",
    .lockMigration = "",  // BEGIN IMMEDIATE is the lock
    .hasTable = {"SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"},
    .numberedParameters = false,
    .isServer = false};

const Dialect kPostgresDialect{
    .now = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
    .skipLocked = "FOR UPDATE SKIP LOCKED",
    .lockRows = "FOR UPDATE",
    .text = "TEXT COLLATE \"C\"",
    .counter = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    // The number is ours alone within a database: "agw" in ASCII.
    .lockMigration = "SET LOCAL statement_timeout = '60s'; SELECT pg_advisory_xact_lock(6383479);",
    .hasTable = {"SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass(?)"},
    .numberedParameters = true,
    .isServer = true};

std::string spell(const std::string& text, const Dialect& dialect) {
  const std::array<std::pair<std::string_view, const char*>, 5> words{{{"{now}", dialect.now},
                                                                       {"{lock rows}", dialect.lockRows},
                                                                       {"{skip locked}", dialect.skipLocked},
                                                                       {"{text}", dialect.text},
                                                                       {"{counter}", dialect.counter}}};
  std::string spelled;
  int parameters = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = std::string_view(text).substr(at);
    const auto* word = std::find_if(words.begin(), words.end(),
                                    [&](const auto& known) { return rest.starts_with(known.first); });
    if (word != words.end()) {
      spelled += word->second;
      at += word->first.size();
      continue;
    }
    if (rest.front() == '?' && dialect.numberedParameters) {
      spelled += "$" + std::to_string(++parameters);
    } else {
      spelled += rest.front();
    }
    ++at;
  }
  return spelled;
}

}  // namespace agw::storage
