#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "clock.hpp"
#include "provider.hpp"
#include "signing.hpp"

namespace sandbox {

/// The providers of this process. Safe to call from many threads.
class Registry {
 public:
  /// `defaults`: the policy that every provider begins with.
  Registry(PrivateKey key, Policy defaults);

  /// Null when there is none of that name.
  [[nodiscard]] std::shared_ptr<Provider> find(const std::string& name) const;
  /// Throws `BadControl` for a name that cannot stand in an address.
  [[nodiscard]] std::shared_ptr<Provider> findOrCreate(const std::string& name);
  [[nodiscard]] std::vector<std::string> names() const;
  /// Forgets everything: providers, tokens, faults, the shift of the clock.
  void reset();
  /// Lets every held request go.
  void close();
  [[nodiscard]] const Policy& defaults() const { return defaults_; }
  [[nodiscard]] Clock& clock() { return clock_; }

 private:
  [[nodiscard]] std::shared_ptr<Provider> make(const std::string& name);

  Clock clock_;
  Signer signer_;
  Policy defaults_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Provider>> providers_;
};

}  // namespace sandbox
