#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "dialect.hpp"
#include "faults.hpp"

namespace sandbox {

/// One imitated provider. Safe to call from many threads.
class Provider {
 public:
  /// Speaks the dialect that `policy.plays` names. Throws `BadControl` when there is none.
  Provider(std::string name, const Clock& clock, const Keys& keys, const Policy& policy);

  struct Answer {
    Reply reply;
    std::optional<Fault> fault;  ///< what is left to do while sending
  };
  /// `path`: below the provider's own address. Waits where a fault or the policy says so.
  [[nodiscard]] Answer answer(const std::vector<std::string>& path, const Request& request);

  [[nodiscard]] std::shared_ptr<const Policy> policy() const;
  /// What is left out of `json` becomes what `defaults` and the dialect say. Throws `BadControl`.
  void setPolicy(const Poco::JSON::Object& json, const Policy& defaults);
  /// Lets it happen and sends what is to be sent; what became of that. `request`: by which it was caused.
  [[nodiscard]] Poco::JSON::Object happen(const Event& event, const Request& request);

  [[nodiscard]] Ledger& ledger() { return ledger_; }
  [[nodiscard]] FaultBoard& faults() { return faults_; }
  [[nodiscard]] const Outbox& outbox() const { return outbox_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  [[nodiscard]] std::string root(const Request& request) const;
  [[nodiscard]] Answer route(const std::vector<std::string>& path, Call call);
  [[nodiscard]] Answer dispatch(const Route& route, const Call& call);
  [[nodiscard]] Reply index(const Call& call) const;
  [[nodiscard]] Reply settings(const Call& call);

  const std::string name_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Policy> policy_;
  Ledger ledger_;
  DeviceBoard devices_;
  InstallationBook installations_;
  Outbox outbox_;
  FaultBoard faults_;
  std::unique_ptr<Dialect> dialect_;
};

}  // namespace sandbox
