#include <algorithm>

#include "dialects/github.hpp"
#include "json.hpp"
#include "people.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

constexpr int kInstallationTtl = 3600;
constexpr int kLongestJwt = 600;  // seconds
Reply problem(int status, const std::string& message) {
  return jsonReply(object({{"message", message},
                           {"documentation_url", "https://docs.github.com/rest"},
                           {"status", std::to_string(status)}}),
                   status);
}

Reply nothing() {
  return {.status = 204, .contentType = "text/plain", .body = {}, .headers = {}};
}

Poco::JSON::Object organisationJson(const std::string& name) {
  return object({{"login", name},
                 {"id", numberOf("github-organisation:" + name)},
                 {"node_id", "O_" + capitalsOf("k", name)},
                 {"type", "Organization"}});
}

Poco::JSON::Object repositoryJson(const std::string& organisation, const std::string& name) {
  return object({{"id", numberOf("github-repository:" + organisation + "/" + name)},
                 {"name", name},
                 {"full_name", organisation + "/" + name},
                 {"private", true}});
}

std::vector<std::string> repositoriesIn(const Installation& installation) {
  if (installation.repositories.empty())
    return {std::begin(kGitHubRepositories), std::end(kGitHubRepositories)};
  return {installation.repositories.begin(), installation.repositories.end()};
}

Poco::JSON::Array repositoryList(const std::string& organisation, const std::vector<std::string>& names) {
  Poco::JSON::Array list;
  for (const auto& name : names) list.add(repositoryJson(organisation, name));
  return list;
}

/// Below is read, above write, on top admin.
int levelOf(const std::string& word) {
  static constexpr const char* kLevels[] = {"", "read", "write", "admin"};
  const auto* found = std::find(std::begin(kLevels), std::end(kLevels), word);
  return found == std::end(kLevels) ? 4 : static_cast<int>(found - std::begin(kLevels));
}

Poco::JSON::Object permissionsJson(const std::map<std::string, std::string>& permissions) {
  Poco::JSON::Object json;
  for (const auto& [name, level] : permissions) json.set(name, level);
  return json;
}

}  // namespace

void GitHub::addApi() {
  const auto ofInstallation = [this](const Call& call) {
    const auto found = parts_.installations.find(std::atoll(call.captures[0].c_str()));
    return found ? jsonReply(installationJson(call, *found)) : problem(404, "Not Found");
  };
  const auto ofOwner = [this](const Call& call) {
    const auto found = parts_.installations.find(call.captures[0]);
    return found ? jsonReply(installationJson(call, *found)) : problem(404, "Not Found");
  };
  api("GET", "/app", "api", asApp([](const Call&) {
        return jsonReply(object({{"id", std::stoi(kAppId)}, {"slug", kAppSlug}, {"name", "Sandbox app"}}));
      }));
  api("GET", "/app/installations", "installations", asApp([this](const Call& call) {
        Poco::JSON::Array list;
        for (const auto& one : parts_.installations.list()) list.add(installationJson(call, one));
        return jsonReply(list);
      }));
  api("GET", "/app/installations/{}", "installations", asApp(ofInstallation));
  api("DELETE", "/app/installations/{}", "api", asApp([this](const Call& call) { return uninstall(call); }));
  api("POST", "/app/installations/{}/access_tokens", "installation_token",
      asApp([this](const Call& call) { return mint(call); }));
  api("GET", "/orgs/{}/installation", "installations", asApp(ofOwner));
  api("GET", "/users/{}/installation", "installations", asApp(ofOwner));
  api("DELETE", "/installation/token", "revoke",
      [this](const Call& call) { return endInstallationToken(call); });
  api("GET", "/installation/repositories", "api", [this](const Call& call) { return repositoriesOf(call); });

  api("GET", "/user", "userinfo",
      asPerson([this](const Call&, const Consent& consent) { return jsonReply(userJson(consent.account)); }));
  api("GET", "/user/emails", "userinfo", asPerson([](const Call&, const Consent& consent) {
        const Account account = accountFor(consent.account);
        Poco::JSON::Array list;
        list.add(object({{"email", account.email}, {"primary", true}, {"verified", account.verified}}));
        return jsonReply(list);
      }));
  api("GET", "/user/installations", "installations",
      asPerson([this](const Call& call, const Consent& consent) {
        Poco::JSON::Array list;
        for (const auto& one : parts_.installations.list()) {
          if (one.people.contains(consent.account)) list.add(installationJson(call, one));
        }
        return jsonReply(object({{"total_count", list.size()}, {"installations", list}}));
      }));

  const std::string token = "/applications/{}/token";
  api("POST", token, "api", asClient([this](const Call&, const AccessToken& access, const std::string&) {
        return jsonReply(
            object({{"id", numberOf("github-authorization:" + access.consent.account)},
                    {"user", userJson(access.consent.account)},
                    {"expires_at", access.expiresAt == 0 ? Poco::Dynamic::Var()
                                                         : Poco::Dynamic::Var(isoTime(access.expiresAt))},
                    {"scopes", Poco::JSON::Array()}}));
      }));
  api("DELETE", token, "revoke", asClient([this](const Call&, const AccessToken&, const std::string& text) {
        parts_.ledger.endToken(text);
        return nothing();
      }));
  api("DELETE", "/applications/{}/grant", "revoke",
      asClient([this](const Call&, const AccessToken& access, const std::string&) {
        parts_.ledger.withdraw(access.consent.account);
        return nothing();
      }));
}

Reply GitHub::notFound(const Call&) const {
  return problem(404, "Not Found");
}

void GitHub::api(const std::string& methods, const std::string& pattern, const std::string& endpoint,
                 Handler handler) {
  on(methods, "/api/v3" + pattern, endpoint, [handler = std::move(handler)](const Call& call) {
    if (call.request.header("User-Agent").empty()) {
      return problem(403,
                     "Request forbidden by administrative rules. Please make sure your request has a "
                     "User-Agent header.");
    }
    Reply reply = handler(call);
    reply.headers.emplace_back("X-RateLimit-Limit", "5000");
    reply.headers.emplace_back("X-RateLimit-Remaining", "4999");
    reply.headers.emplace_back("X-GitHub-Api-Version-Selected", "2022-11-28");
    return reply;
  });
}

std::string GitHub::jwtFault(const Call& call) const {
  const auto claims = verifyJws(bearerToken(call.request), parts_.keys.appKey.get());
  if (claims.isNull()) return "A JSON web token could not be decoded";
  const auto number = [&](const char* name) { return claims->optValue<Poco::Int64>(name, 0); };
  const auto now = parts_.clock.now();
  if (number("iat") == 0 || number("iat") > now) {
    return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
  }
  if (number("exp") <= now) {
    return "'Expiration time' claim ('exp') must be a numeric value representing the future time at which "
           "the assertion expires";
  }
  if (number("exp") > now + kLongestJwt) return "'Expiration time' claim ('exp') is too far in the future";
  const std::string issuer = claims->get("iss").toString();
  const bool known = issuer == kAppId || call.policy.client(issuer) != nullptr;
  return known ? "" : "'Issuer' claim ('iss') must be an Integer";
}

GitHub::Handler GitHub::asApp(Handler handler) const {
  return [this, handler = std::move(handler)](const Call& call) {
    const std::string fault = jwtFault(call);
    return fault.empty() ? handler(call) : problem(401, fault);
  };
}

GitHub::Handler GitHub::asPerson(std::function<Reply(const Call&, const Consent&)> handler) const {
  return [this, handler = std::move(handler)](const Call& call) {
    const auto consent = parts_.ledger.access(bearerToken(call.request));
    if (!consent) return problem(401, "Bad credentials");
    if (consent->account.empty()) return problem(403, "Resource not accessible by integration");
    return handler(call, *consent);
  };
}

GitHub::Handler GitHub::asClient(
    std::function<Reply(const Call&, const AccessToken&, const std::string&)> handler) const {
  return [this, handler = std::move(handler)](const Call& call) {
    const ClientAuth auth = authenticateClient(call.request, {}, call.policy);
    if (!auth.client || auth.client->id != call.captures[0]) return problem(404, "Not Found");
    const std::string text = bodyJson(call.request)->optValue<std::string>("access_token", "");
    if (text.empty()) return problem(422, "Validation Failed");
    const auto access = parts_.ledger.find(text);
    if (!access || access->state != AccessToken::State::Alive) return problem(404, "Not Found");
    return handler(call, *access, text);
  };
}

Reply GitHub::mint(const Call& call) {
  const auto installation = parts_.installations.find(std::atoll(call.captures[0].c_str()));
  if (!installation) return problem(404, "Not Found");
  if (installation->suspended) return problem(403, "This installation has been suspended");
  const auto wanted = bodyJson(call.request);
  const auto all = repositoriesIn(*installation);
  std::vector<std::string> repositories;
  const auto take = [&](const std::string& name) {
    if (std::find(all.begin(), all.end(), name) == all.end()) return false;
    repositories.push_back(name);
    return true;
  };
  if (const auto names = wanted->getArray("repositories"); !names.isNull()) {
    for (const auto& name : *names) {
      if (!take(name.toString()))
        return problem(422,
                       "There is at least one repository that does not exist or is not accessible to the "
                       "parent installation.");
    }
  }
  std::map<std::string, std::string> permissions = installation->permissions;
  if (const auto asked = wanted->getObject("permissions"); !asked.isNull()) {
    permissions.clear();
    for (const auto& [name, level] : *asked) {
      const auto granted = installation->permissions.find(name);
      if (granted == installation->permissions.end() ||
          levelOf(level.toString()) > levelOf(granted->second)) {
        return problem(422, "The permissions requested are not granted to this installation.");
      }
      permissions[name] = level.toString();
    }
  }
  Consent consent;
  consent.clientId = call.policy.clients.front().id;
  consent.organisations = {installation->organisation};
  const bool stateless = call.request.header("X-GitHub-Stateless-S2S-Token") != "disabled";
  const auto tokens = parts_.ledger.issue(parts_.ledger.open(consent),
                                          {.scopes = repositories,
                                           .label = stateless ? "statement" : "installation",
                                           .refresh = false,
                                           .accessTtl = kInstallationTtl},
                                          call.policy);
  Poco::JSON::Object json =
      object({{"token", tokens.access},
              {"expires_at", isoTime(parts_.clock.now() + kInstallationTtl)},
              {"permissions", permissionsJson(permissions)},
              {"repository_selection",
               repositories.empty() && installation->repositories.empty() ? "all" : "selected"}});
  if (!repositories.empty())
    json.set("repositories", repositoryList(installation->organisation, repositories));
  return jsonReply(json, 201);
}

Reply GitHub::uninstall(const Call& call) {
  const auto installation = parts_.installations.find(std::atoll(call.captures[0].c_str()));
  if (!installation) return problem(404, "Not Found");
  endInstallation(*installation);
  return nothing();
}

Reply GitHub::endInstallationToken(const Call& call) {
  const std::string token = bearerToken(call.request);
  const auto consent = parts_.ledger.access(token);
  if (!consent || !consent->account.empty()) return problem(401, "Bad credentials");
  parts_.ledger.endToken(token);
  return nothing();
}

Reply GitHub::repositoriesOf(const Call& call) {
  const auto consent = parts_.ledger.access(bearerToken(call.request));
  if (!consent || consent->organisations.empty()) return problem(401, "Bad credentials");
  const auto installation = parts_.installations.find(consent->organisations.front());
  if (!installation) return problem(401, "Bad credentials");
  const auto names = consent->scopes.empty() ? repositoriesIn(*installation) : consent->scopes;
  return jsonReply(object(
      {{"total_count", names.size()}, {"repositories", repositoryList(installation->organisation, names)}}));
}

Poco::JSON::Object GitHub::userJson(const std::string& account) const {
  const Account person = accountFor(account);
  return object({{"login", loginOf(account)},
                 {"id", numberOf("github-user:" + account)},
                 {"node_id", "U_" + capitalsOf("k", account)},
                 {"type", "User"},
                 {"name", person.name},
                 {"email", Poco::Dynamic::Var()}});
}

Poco::JSON::Object GitHub::installationJson(const Call& call, const Installation& installation) const {
  return object({{"id", installation.id},
                 {"account", organisationJson(installation.organisation)},
                 {"app_id", std::stoi(kAppId)},
                 {"app_slug", kAppSlug},
                 {"client_id", call.policy.clients.front().id},
                 {"target_id", numberOf("github-organisation:" + installation.organisation)},
                 {"target_type", "Organization"},
                 {"repository_selection", installation.repositories.empty() ? "all" : "selected"},
                 {"access_tokens_url", call.root + "/api/v3/app/installations/" +
                                           std::to_string(installation.id) + "/access_tokens"},
                 {"permissions", permissionsJson(installation.permissions)},
                 {"events", Poco::JSON::Array()},
                 {"suspended_at", installation.suspended ? Poco::Dynamic::Var(isoTime(installation.changedAt))
                                                         : Poco::Dynamic::Var()}});
}

}  // namespace sandbox
