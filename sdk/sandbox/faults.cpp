#include "faults.hpp"

#include <Poco/JSON/Array.h>

#include <algorithm>
#include <array>

#include "json_fields.hpp"

namespace sandbox {
namespace {

constexpr std::array kEndpoints{"authorize", "token",   "revoke",        "userinfo",           "jwks",
                                "discovery", "install", "installations", "installation_token", "device",
                                "api"};

std::string allowedEndpoints() {
  std::string text;
  for (const char* endpoint : kEndpoints) text += (text.empty() ? "" : ", ") + std::string(endpoint);
  return text;
}

std::vector<std::pair<std::string, std::string>> headersFromJson(JsonFields& fields,
                                                                 const Poco::JSON::Object& json) {
  std::vector<std::pair<std::string, std::string>> headers;
  if (!fields.has("headers")) return headers;
  const auto object = json.getObject("headers");
  if (object.isNull()) throw BadControl("headers must be an object");
  for (const auto& [name, value] : *object) headers.emplace_back(name, value.toString());
  return headers;
}

}  // namespace

Fault faultFromJson(const Poco::JSON::Object& json) {
  Fault fault;
  JsonFields fields(json);
  fields.read("endpoint", fault.endpoint);
  fields.read("grant_type", fault.grantType);
  fields.read("times", fault.times);
  fields.read("delay_ms", fault.delayMs);
  fields.read("hold", fault.hold);
  fields.read("status", fault.status);
  fault.headers = headersFromJson(fields, json);
  fields.read("body", fault.body);
  fields.read("raw", fault.raw);
  fields.read("cut_at", fault.cutAt);
  fields.read("drip_ms", fault.dripMs);
  fields.read("reset", fault.reset);
  // An answer that replaces the real one stands for a provider that did nothing.
  fault.process = !fault.status && !fault.body && !fault.raw && !fault.reset;
  fields.read("process", fault.process);
  fields.refuseOthers();
  if (std::find(kEndpoints.begin(), kEndpoints.end(), fault.endpoint) == kEndpoints.end()) {
    throw BadControl("endpoint must be one of: " + allowedEndpoints());
  }
  if (fault.times == 0 || fault.times < -1)
    throw BadControl("times must be a positive number, or -1 for always");
  return fault;
}

void FaultBoard::add(Fault fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
}

void FaultBoard::clear() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}

std::optional<Fault> FaultBoard::take(const std::string& endpoint, const std::string& grantType) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(faults_.begin(), faults_.end(), [&](const Fault& fault) {
    return fault.endpoint == endpoint && (fault.grantType.empty() || fault.grantType == grantType);
  });
  if (found == faults_.end()) return std::nullopt;
  Fault fault = *found;
  if (found->times > 0 && --found->times == 0) faults_.erase(found);
  return fault;
}

void FaultBoard::hold() {
  std::unique_lock lock(mutex_);
  if (closed_) return;
  const auto generation = generation_;
  ++holding_;
  released_.wait(lock, [&] { return generation_ != generation; });
  --holding_;
}

int FaultBoard::release() {
  const std::lock_guard lock(mutex_);
  ++generation_;
  faults_.remove_if([](const Fault& fault) { return fault.hold; });
  released_.notify_all();
  return holding_;
}

void FaultBoard::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  release();
}

Poco::JSON::Object FaultBoard::toJson() const {
  const std::lock_guard lock(mutex_);
  Poco::JSON::Array waiting;
  for (const auto& fault : faults_) {
    Poco::JSON::Object line;
    line.set("endpoint", fault.endpoint);
    line.set("times", fault.times);
    line.set("hold", fault.hold);
    waiting.add(line);
  }
  Poco::JSON::Object json;
  json.set("holding", holding_);
  json.set("faults", waiting);
  return json;
}

}  // namespace sandbox
