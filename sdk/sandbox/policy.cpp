#include "policy.hpp"

#include <Poco/Net/IPAddress.h>
#include <Poco/URI.h>

#include <algorithm>
#include <array>
#include <utility>

#include "json_fields.hpp"

namespace sandbox {
namespace {

template <typename Value, std::size_t Count>
using Words = std::array<std::pair<const char*, Value>, Count>;

constexpr Words<Rotation, 6> kRotations{{{"never", Rotation::Never},
                                         {"always", Rotation::Always},
                                         {"always_revoke_family", Rotation::AlwaysRevokeFamily},
                                         {"grace", Rotation::Grace},
                                         {"window", Rotation::Window},
                                         {"keep", Rotation::Keep}}};
constexpr Words<ExpiresIn, 3> kExpiresIn{
    {{"number", ExpiresIn::Number}, {"text", ExpiresIn::Text}, {"absent", ExpiresIn::Absent}}};
constexpr Words<bool, 2> kRevocations{{{"family", false}, {"account", true}}};
constexpr Words<bool, 2> kPkce{{{"required", true}, {"optional", false}}};

template <typename Value, std::size_t Count>
void readWord(JsonFields& fields, const std::string& name, const Words<Value, Count>& words, Value& target) {
  std::optional<std::string> word;
  fields.read(name, word);
  if (!word) return;
  std::string allowed;
  for (const auto& [text, value] : words) {
    if (*word == text) {
      target = value;
      return;
    }
    allowed += (allowed.empty() ? "" : ", ") + std::string(text);
  }
  throw BadControl(name + " must be one of: " + allowed);
}

template <typename Value, std::size_t Count>
std::string word(const Words<Value, Count>& words, Value value) {
  const auto found =
      std::find_if(words.begin(), words.end(), [&](const auto& entry) { return entry.second == value; });
  return found->first;
}

void readNatural(JsonFields& fields, const std::string& name, int& target) {
  fields.read(name, target);
  if (target < 0) throw BadControl(name + " must not be negative");
}

void readCallbackIssuer(JsonFields& fields, const Poco::JSON::Object& json, Policy& policy) {
  if (!fields.has("callback_iss")) return;
  const auto value = json.get("callback_iss");
  if (value.isBoolean()) {
    policy.callbackIssuer = value.convert<bool>();
  } else if (value.isString()) {
    policy.callbackIssuer = true;
    policy.callbackIssuerText = value.toString();
  } else {
    throw BadControl("callback_iss must be true, false or a text");
  }
}

void readClients(JsonFields& fields, const Poco::JSON::Object& json, Policy& policy) {
  if (!fields.has("clients")) return;
  const auto list = json.getArray("clients");
  if (list.isNull()) throw BadControl("clients must be a list of objects");
  policy.clients.clear();
  for (unsigned index = 0; index < list->size(); ++index) {
    const auto entry = list->getObject(index);
    if (entry.isNull()) throw BadControl("clients must be a list of objects");
    Client client;
    JsonFields members(*entry);
    members.read("client_id", client.id);
    members.read("client_secret", client.secret);
    members.read("redirect_uris", client.redirectUris);
    members.refuseOthers();
    if (client.id.empty()) throw BadControl("clients: client_id is missing");
    policy.clients.push_back(std::move(client));
  }
}

Poco::JSON::Array toArray(const std::vector<std::string>& texts) {
  Poco::JSON::Array array;
  for (const auto& text : texts) array.add(text);
  return array;
}

}  // namespace

const Client* Policy::client(const std::string& id) const {
  const auto found =
      std::find_if(clients.begin(), clients.end(), [&](const Client& one) { return one.id == id; });
  return found == clients.end() ? nullptr : &*found;
}

Policy policyFromJson(const Poco::JSON::Object& json, Policy policy) {
  JsonFields fields(json);
  fields.read("plays", policy.plays);
  readWord(fields, "rotation", kRotations, policy.rotation);
  readNatural(fields, "grace_seconds", policy.graceSeconds);
  fields.read("refresh_ends_access", policy.refreshEndsAccess);
  readNatural(fields, "living_access", policy.livingAccess);
  readNatural(fields, "access_ttl", policy.accessTtl);
  readNatural(fields, "refresh_ttl", policy.refreshTtl);
  readNatural(fields, "code_ttl", policy.codeTtl);
  readNatural(fields, "delay_ms", policy.delayMs);
  fields.read("id_token", policy.idToken);
  fields.read("refresh_token", policy.refreshToken);
  fields.read("scope_in_answer", policy.scopeInAnswer);
  readWord(fields, "pkce", kPkce, policy.pkceRequired);
  readWord(fields, "revocation_ends", kRevocations, policy.revokeEndsAccount);
  fields.read("revocation_auth", policy.revocationAuth);
  readWord(fields, "expires_in", kExpiresIn, policy.expiresIn);
  fields.read("granted_scopes", policy.grantedScopes);
  readCallbackIssuer(fields, json, policy);
  fields.read("token_prefix", policy.tokenPrefix);
  fields.read("webhook_url", policy.webhookUrl);
  if (!policy.webhookUrl.empty() && policy.webhookUrl.rfind("http://", 0) != 0) {
    throw BadControl("webhook_url must begin with http://");
  }
  fields.read("webhook_secret", policy.webhookSecret);
  fields.read("installed_url", policy.installedUrl);
  fields.read("install_authorizes", policy.installAuthorizes);
  readClients(fields, json, policy);
  fields.read("id_token_claims", policy.idTokenClaims);
  fields.read("userinfo_claims", policy.userinfoClaims);
  fields.refuseOthers();
  return policy;
}

Poco::JSON::Object policyToJson(const Policy& policy) {
  Poco::JSON::Object json;
  json.set("plays", policy.plays);
  json.set("rotation", word(kRotations, policy.rotation));
  json.set("grace_seconds", policy.graceSeconds);
  json.set("refresh_ends_access", policy.refreshEndsAccess);
  json.set("living_access", policy.livingAccess);
  json.set("access_ttl", policy.accessTtl);
  json.set("refresh_ttl", policy.refreshTtl);
  json.set("code_ttl", policy.codeTtl);
  json.set("delay_ms", policy.delayMs);
  json.set("id_token", policy.idToken);
  json.set("refresh_token", policy.refreshToken);
  json.set("scope_in_answer", policy.scopeInAnswer);
  json.set("pkce", word(kPkce, policy.pkceRequired));
  json.set("revocation_ends", word(kRevocations, policy.revokeEndsAccount));
  json.set("revocation_auth", policy.revocationAuth);
  json.set("expires_in", word(kExpiresIn, policy.expiresIn));
  json.set("granted_scopes",
           policy.grantedScopes ? Poco::Dynamic::Var(toArray(*policy.grantedScopes)) : Poco::Dynamic::Var());
  if (policy.callbackIssuer && !policy.callbackIssuerText.empty()) {
    json.set("callback_iss", policy.callbackIssuerText);
  } else {
    json.set("callback_iss", policy.callbackIssuer);
  }
  json.set("token_prefix", policy.tokenPrefix);
  json.set("webhook_url", policy.webhookUrl);
  json.set("webhook_secret", policy.webhookSecret);
  json.set("installed_url", policy.installedUrl);
  json.set("install_authorizes", policy.installAuthorizes);
  Poco::JSON::Array clients;
  for (const auto& client : policy.clients) {
    Poco::JSON::Object entry;
    entry.set("client_id", client.id);
    entry.set("client_secret", client.secret);
    entry.set("redirect_uris", toArray(client.redirectUris));
    clients.add(entry);
  }
  json.set("clients", clients);
  json.set("id_token_claims", policy.idTokenClaims);
  json.set("userinfo_claims", policy.userinfoClaims);
  return json;
}

bool mayRedirect(const Client& client, const std::string& uri) {
  if (!client.redirectUris.empty()) {
    return std::find(client.redirectUris.begin(), client.redirectUris.end(), uri) !=
           client.redirectUris.end();
  }
  try {
    const Poco::URI parsed(uri);
    if (!parsed.getFragment().empty() || !parsed.getUserInfo().empty()) return false;
    if (parsed.getScheme() != "http" && parsed.getScheme() != "https") return false;
    Poco::Net::IPAddress address;
    return parsed.getHost() == "localhost" ||
           (Poco::Net::IPAddress::tryParse(parsed.getHost(), address) && address.isLoopback());
  } catch (const Poco::Exception&) {
    return false;
  }
}

}  // namespace sandbox
