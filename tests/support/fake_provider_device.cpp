// The device authorization grant of FakeProvider.
#include "support/fake_provider.hpp"

namespace agw::test {

void FakeProvider::atDevice(const std::string& userCode, const std::function<void(Device&)>& change) {
  const std::lock_guard lock(mutex_);
  for (auto& [code, device] : devices_) {
    if (device.userCode == userCode) change(device);
  }
}

void FakeProvider::approveDevice(const std::string& userCode, const Identity& who) {
  atDevice(userCode, [&](Device& device) { device.who = who; });
}

void FakeProvider::refuseDevice(const std::string& userCode) {
  atDevice(userCode, [](Device& device) { device.refused = true; });
}

void FakeProvider::expireDevice(const std::string& userCode) {
  atDevice(userCode, [](Device& device) { device.over = true; });
}

void FakeProvider::slowDownNext() {
  const std::lock_guard lock(mutex_);
  slowDown_ = true;
}

Result<DeviceGrant> FakeProvider::startDevice(const Scopes&) {
  return perform<DeviceGrant>(Call::StartDevice, [&]() -> Result<DeviceGrant> {
    const auto code = mint("device");
    Device& device = devices_[code];
    device.userCode = "USER-" + std::to_string(devices_.size());
    return DeviceGrant{.deviceCode = Secret(code),
                       .userCode = device.userCode,
                       .verificationUri = "https://provider.test/device",
                       .verificationUriComplete = "https://provider.test/device?user_code=" + device.userCode,
                       .expiresIn = deviceLife,
                       .interval = deviceInterval};
  });
}

Result<DevicePoll> FakeProvider::pollDevice(const Secret& deviceCode, const Scopes&) {
  return perform<DevicePoll>(Call::PollDevice, [&] { return pollLocked(std::string(deviceCode.reveal())); });
}

Result<DevicePoll> FakeProvider::pollLocked(const std::string& deviceCode) {
  const auto found = devices_.find(deviceCode);
  if (found == devices_.end() || found->second.over)
    return Error{.kind = ErrorKind::Denied, .message = "The code's time is over.", .code = kDeviceExpired};
  Device& device = found->second;
  if (device.refused) return Error{.kind = ErrorKind::Denied, .message = "The person refused."};
  if (std::exchange(slowDown_, false)) return DevicePoll{.tokens = {}, .slowDown = true};
  if (!device.who) return DevicePoll{};
  device.over = true;
  Family family;
  family.who = *device.who;
  families_.push_back(std::move(family));
  return DevicePoll{.tokens = issue(families_.back(), rules.givesRefreshToken), .slowDown = false};
}

}  // namespace agw::test
