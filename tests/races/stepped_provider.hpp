#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "races/judge.hpp"
#include "races/scheduler.hpp"
#include "support/fake_provider.hpp"

namespace agw::test {

/// The provider as the replicas reach it: gives the processor away before a request leaves and while its
/// answer is under way, and tells the judge what the provider did.
class SteppedProvider final : public Provider {
 public:
  /// Where an actor stands whose request is about to leave.
  static constexpr const char* kLeaving = "request leaves";

  /// How the next call fails: the error that its caller sees, and whether the provider acted all the same.
  using Fault = std::optional<std::pair<Error, FakeProvider::When>>;

  SteppedProvider(FakeProvider& inner, Scheduler& scheduler, Judge& judge, std::function<Fault()> fault)
      : inner_(inner), scheduler_(scheduler), judge_(judge), fault_(std::move(fault)) {}

  [[nodiscard]] const ProviderConfig& config() const override { return inner_.config(); }
  [[nodiscard]] const Capabilities& capabilities() const override { return inner_.capabilities(); }
  [[nodiscard]] const std::string& displayName() const override { return inner_.displayName(); }
  [[nodiscard]] std::vector<std::string> issuers() const override { return inner_.issuers(); }
  [[nodiscard]] bool issuerRequired() const override { return inner_.issuerRequired(); }
  [[nodiscard]] std::optional<std::chrono::seconds> accessTtlDefault() const override {
    return inner_.accessTtlDefault();
  }
  [[nodiscard]] RefreshFacts refreshFacts() const override { return inner_.refreshFacts(); }
  Result<std::string> authorizationUrl(const AuthorizationRequest& request) override {
    return inner_.authorizationUrl(request);
  }
  Result<Identity> identify(const TokenSet& tokens, const std::string& nonce) override {
    return inner_.identify(tokens, nonce);
  }
  [[nodiscard]] Scopes normalizeScopes(const Scopes& scopes) const override {
    return inner_.normalizeScopes(scopes);
  }
  Result<TokenSet> exchange(const CodeExchange& request) override {
    return perform([&] {
      auto tokens = inner_.exchange(request);
      if (tokens) judge_.issued(*Scheduler::current(), *tokens);
      return tokens;
    });
  }
  Result<TokenSet> refresh(const RefreshRequest& request) override {
    return perform([&] {
      judge_.presented(*Scheduler::current(), request);
      auto tokens = inner_.refresh(request);
      judge_.answered(request, tokens);
      return tokens;
    });
  }
  Result<void> revoke(const RevokeRequest& request) override {
    return perform([&] {
      auto revoked = inner_.revoke(request);
      judge_.revoked();
      return revoked;
    });
  }

 private:
  template <class Call>
  auto perform(Call call) -> decltype(call()) {
    auto& actor = *Scheduler::current();
    scheduler_.step(kLeaving);
    const Fault fault = fault_();
    if (fault) judge_.disturbed(actor);
    if (fault && fault->second == FakeProvider::When::Before) return fault->first;
    auto result = call();
    scheduler_.step("answer of the provider");
    if (fault) return fault->first;
    return result;
  }

  FakeProvider& inner_;
  Scheduler& scheduler_;
  Judge& judge_;
  std::function<Fault()> fault_;
};

}  // namespace agw::test
