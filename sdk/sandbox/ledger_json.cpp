#include "json.hpp"
#include "ledger.hpp"
#include "text.hpp"

namespace sandbox {

void Ledger::count(const std::string& endpoint) {
  const std::lock_guard lock(mutex_);
  ++requests_[endpoint];
}

Poco::JSON::Object Ledger::counts() const {
  const std::lock_guard lock(mutex_);
  return countsLocked();
}

Poco::JSON::Object Ledger::countsLocked() const {
  Poco::JSON::Object requests;
  for (const auto& [endpoint, times] : requests_) requests.set(endpoint, times);
  return object({{"requests", requests},
                 {"reuse", reuse_},
                 {"reuse_in_grace", reuseInGrace_},
                 {"code_replays", codeReplays_}});
}

Poco::JSON::Object Ledger::toJson() const {
  static constexpr const char* kKinds[] = {"code", "access", "refresh"};
  const std::lock_guard lock(mutex_);
  Poco::JSON::Array tokens;
  for (const auto& entry : entries_) {
    const Consent& consent = families_[entry.family].consent;
    Poco::JSON::Object line = object(
        {{"kind", kKinds[static_cast<std::size_t>(entry.kind)]},
         {"value", entry.value},
         {"account", consent.account},
         {"client_id", consent.clientId},
         {"family", entry.family},
         {"label", entry.label},
         {"organisations", array(consent.organisations)},
         {"scope", joinScopes(entry.scopes)},
         {"state", stateOf(entry)},
         {"issued_at", entry.issuedAt},
         {"expires_at", entry.expiresAtMillis == 0 ? Poco::Dynamic::Var()
                                                   : Poco::Dynamic::Var(entry.expiresAtMillis / 1'000)},
         {"uses", entry.uses}});
    if (entry.kind == TokenKind::Code) line.set("code_verifier", entry.verifier);
    tokens.add(line);
  }
  Poco::JSON::Object json = countsLocked();
  json.set("tokens", tokens);
  return json;
}

std::string Ledger::stateOf(const Entry& entry) const {
  if (entry.state == State::Revoked) return "revoked";
  if (entry.state == State::Spent) return "spent";
  return expired(entry) ? "expired" : "alive";
}

}  // namespace sandbox
