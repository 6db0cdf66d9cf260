#include "registry.hpp"

#include <algorithm>

namespace sandbox {
namespace {

constexpr const char* kDefault = "default";

bool usableName(const std::string& name) {
  return !name.empty() && name.size() <= 64 && name.front() != '_' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
}

}  // namespace

Registry::Registry(PrivateKey key, Policy defaults)
    : signer_(std::move(key)), defaults_(std::move(defaults)) {
  reset();
}

std::shared_ptr<Provider> Registry::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = providers_.find(name);
  return found == providers_.end() ? nullptr : found->second;
}

std::shared_ptr<Provider> Registry::findOrCreate(const std::string& name) {
  static constexpr const char* kEndpoints[] = {"authorize", "token", "revoke", "userinfo", "jwks"};
  if (!usableName(name) ||
      std::find(std::begin(kEndpoints), std::end(kEndpoints), name) != std::end(kEndpoints)) {
    throw BadControl(
        "a provider's name has 1 to 64 of a-z, 0-9, - and _, and is not the name of an endpoint");
  }
  const std::lock_guard lock(mutex_);
  auto& provider = providers_[name];
  if (!provider) provider = make(name);
  return provider;
}

std::vector<std::string> Registry::names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& entry : providers_) names.push_back(entry.first);
  return names;
}

void Registry::reset() {
  close();
  const std::lock_guard lock(mutex_);
  providers_.clear();
  providers_[kDefault] = make(kDefault);
  clock_.shift(0);
}

void Registry::close() {
  const std::lock_guard lock(mutex_);
  for (const auto& entry : providers_) entry.second->faults().close();
}

std::shared_ptr<Provider> Registry::make(const std::string& name) {
  auto provider = std::make_shared<Provider>(name, clock_, signer_);
  provider->setPolicy(defaults_);
  return provider;
}

}  // namespace sandbox
