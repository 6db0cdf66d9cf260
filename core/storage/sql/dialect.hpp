#pragma once

#include <string>

#include "storage/sql/connection.hpp"

namespace agw::storage {

/// The few words in which the two databases differ. In statements and migrations they stand in braces.
struct Dialect {
  const char* now;            ///< `{now}`: milliseconds since 1970 by the storage's own clock
  const char* skipLocked;     ///< `{skip locked}`: rows that another replica is working on are passed over
  const char* lockRows;       ///< `{lock rows}`: nobody else changes them until the transaction ends
  const char* text;           ///< `{text}`: a text column that sorts by its octets
  const char* counter;        ///< `{counter}`: a key that counts up by itself
  const char* lockMigration;  ///< keeps other processes from migrating until the transaction ends
  Sql hasTable;               ///< counts tables of the name given
  bool numberedParameters;    ///< `$1` instead of `?`
  bool isServer;              ///< others write without this process knowing
};

/// `text` with the words in braces put in, and its parameters spelled for the database.
[[nodiscard]] std::string spell(const std::string& text, const Dialect& dialect);

extern const Dialect kSqliteDialect;
extern const Dialect kPostgresDialect;

}  // namespace agw::storage
