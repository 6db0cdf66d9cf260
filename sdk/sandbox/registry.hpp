#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "clock.hpp"
#include "provider.hpp"

namespace sandbox {

/// The providers of this process. Safe to call from many threads.
class Registry {
 public:
  /// `defaults`: the policy that every provider begins with. `gateway`: address of the client whose events
  /// the providers of the start send and where they send the browser after an installation; may be empty.
  Registry(Keys keys, Policy defaults, std::string gateway);

  /// Null when there is none of that name.
  [[nodiscard]] std::shared_ptr<Provider> find(const std::string& name) const;
  /// Makes it when it is not there. Throws `BadControl` for a name that cannot stand in an address, and for a
  /// policy that is wrong; then nothing has changed.
  std::shared_ptr<Provider> configure(const std::string& name, const Poco::JSON::Object& policy);
  [[nodiscard]] std::vector<std::string> names() const;
  /// Forgets everything: providers, tokens, faults, the shift of the clock.
  void reset();
  /// Lets every held request go.
  void close();
  [[nodiscard]] const Keys& keys() const { return keys_; }
  [[nodiscard]] Clock& clock() { return clock_; }

 private:
  [[nodiscard]] std::shared_ptr<Provider> make(const std::string& name, const std::string& plays) const;
  void makePresets();

  Clock clock_;
  Keys keys_;
  Policy defaults_;
  std::string gateway_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Provider>> providers_;
};

}  // namespace sandbox
