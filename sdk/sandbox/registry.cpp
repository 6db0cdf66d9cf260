#include "registry.hpp"

#include <algorithm>

#include "text.hpp"

namespace sandbox {
namespace {

constexpr const char* kDefault = "default";

/// Not the name of an endpoint of the provider at the root, which has no name in its addresses.
bool usableName(const std::string& name) {
  static constexpr const char* kTaken[] = {"authorize", "token",    "revoke", "userinfo",
                                           "jwks",      "settings", "health"};
  return !name.empty() && name.size() <= 64 && name.front() != '_' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos &&
         std::find(std::begin(kTaken), std::end(kTaken), name) == std::end(kTaken);
}

}  // namespace

Registry::Registry(Keys keys, Policy defaults, std::string gateway)
    : keys_(std::move(keys)), defaults_(std::move(defaults)), gateway_(std::move(gateway)) {
  reset();
}

std::shared_ptr<Provider> Registry::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = providers_.find(name);
  return found == providers_.end() ? nullptr : found->second;
}

std::shared_ptr<Provider> Registry::configure(const std::string& name, const Poco::JSON::Object& policy) {
  if (!usableName(name)) {
    throw BadControl(
        "a provider's name has 1 to 64 of a-z, 0-9, - and _, and is not the name of an endpoint");
  }
  const std::lock_guard lock(mutex_);
  const auto found = providers_.find(name);
  auto provider =
      found != providers_.end() ? found->second : make(name, policyFromJson(policy, defaults_).plays);
  provider->setPolicy(policy, defaults_);
  providers_[name] = provider;
  return provider;
}

std::vector<std::string> Registry::names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  names.reserve(providers_.size());
  for (const auto& entry : providers_) names.push_back(entry.first);
  return names;
}

void Registry::reset() {
  close();
  const std::lock_guard lock(mutex_);
  providers_.clear();
  makePresets();
  clock_.shift(0);
}

void Registry::makePresets() {
  providers_[kDefault] = make(kDefault, "oidc");
  for (const auto& name : dialectNames()) {
    if (name == "oidc") continue;
    providers_[name] = make(name, name);
    if (gateway_.empty()) continue;
    Poco::JSON::Object policy;
    policy.set("webhook_url", gateway_ + "/oauth/webhooks/sandbox-" + name);
    policy.set("installed_url", gateway_ + "/oauth/callback/sandbox-" + name);
    providers_[name]->setPolicy(policy, defaults_);
  }
}

void Registry::close() {
  const std::lock_guard lock(mutex_);
  for (const auto& entry : providers_) entry.second->faults().close();
}

std::shared_ptr<Provider> Registry::make(const std::string& name, const std::string& plays) const {
  Policy policy = defaults_;
  policy.plays = plays;
  return std::make_shared<Provider>(name, clock_, keys_, policy);
}

}  // namespace sandbox
