#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "crypto/fernet.hpp"
#include "crypto/vault.hpp"
#include "storage/storage.hpp"

namespace agw {

/// How the ciphertexts of a database are spread over the keys.
struct KeyCensus {
  std::size_t rows = 0;
  std::map<std::string, std::size_t> rowsByKey;  ///< fingerprint to rows with a ciphertext of that key
  std::size_t unreadable = 0;  ///< rows with one that no key reads, or that belongs elsewhere

  /// Every row is on `first` alone.
  [[nodiscard]] bool onlyOn(const std::string& first) const;
};

/// Brings all ciphertexts to the first key of a ring, beside live traffic: each row is replaced only if
/// nobody wrote it since it was read. Nothing is remembered between runs; one that was killed is simply
/// started again.
class Reencryption {
 public:
  /// `tell` hears a line of progress now and then; `pause` waits a moment, for rows whose refresh is
  /// under way. References must outlive it.
  Reencryption(Storage& storage, const Vault& vault, const std::vector<FernetKey>& ring,
               std::function<void(const std::string&)> tell, std::function<void()> pause);

  /// Reads everything, writes nothing.
  [[nodiscard]] Result<KeyCensus> count();

  /// Passes over the database until none of its rows was busy, or ten of them; the number of rows
  /// replaced. What was busy to the end is for the census to tell.
  [[nodiscard]] Result<std::size_t> run();

 private:
  struct Pass {
    std::size_t seen = 0;
    std::size_t replaced = 0;
    std::size_t conflicts = 0;
  };
  [[nodiscard]] Result<Pass> pass();
  /// `false`: somebody wrote the row meanwhile.
  [[nodiscard]] Result<bool> replace(SealedRow& row);
  [[nodiscard]] Result<void> forEachRow(const std::function<Result<void>(SealedRow&)>& visit);
  void census(const SealedRow& row, KeyCensus& census) const;

  Storage& storage_;
  const Vault& vault_;
  std::vector<Fernet> ciphers_;
  std::vector<std::string> fingerprints_;
  std::function<void(const std::string&)> tell_;
  std::function<void()> pause_;
};

}  // namespace agw
