#pragma once
// What only a GitHub App has: installations, their tokens, and events.
#include <auth_gateway/provider.hpp>
#include <string>
#include <string_view>

#include "rest.hpp"

namespace github {

inline std::string installationUrl(const Call& call) {
  if (const auto url = call.option("/installation_url")) return std::string(*url);
  const auto slug = call.option("/app_slug");
  if (!slug) return {};
  const auto base = baseUrl(call);
  return base + (isCloud(base) ? "/apps/" : "/github-apps/") + auth_gateway::percentEncode(*slug) +
         "/installations/new";
}

inline Status emitInstallation(Call& call, const std::string& at) {
  call.result("installation_id", call.plain(at + "/id"));
  call.result("org_id", call.plain(at + "/account/id"));
  const auto login = call.plain(at + "/account/login");
  call.result("org_name", login ? login : call.plain(at + "/account/slug"));  // an enterprise has no login
  call.result("permissions", call.json(at + "/permissions"));
  Parameters metadata;
  for (const auto* name : {"/account/type", "/repository_selection"}) {
    const std::string_view key = name;
    if (const auto value = call.plain(at + name))
      metadata.emplace_back(key.substr(key.rfind('/') + 1), *value);
  }
  call.result("metadata", auth_gateway::jsonObject(metadata));
  if (call.json(at + "/suspended_at")) call.result("suspended", "true");
  call.result("minted", "true");
  return call.emit(AGW_INSTALLATION);
}

/// Anybody can open the address that GitHub sends people back to with any number: an installation counts once
/// the person's own token shows it.
inline Status claimedInstallation(Call& call) {
  const auto claimed = call.parameter("installation_id");
  if (!claimed) return call.fail(Status::Malformed, "The redirect names no installation.");
  constexpr int pages = 12;
  constexpr int perPage = 100;
  for (int page = 1; page <= pages; ++page) {
    const auto url = apiUrl(call, "/user/installations?per_page=100&page=") + std::to_string(page);
    if (const auto sent = getAs(call, call.input("access_token").value_or(""), url); sent != Status::Ok)
      return sent;
    if (isRateLimited(call)) return rateLimited(call);
    if (call.httpStatus() != 200) return Status::Transient;
    if (!call.json("/installations"))
      return call.fail(Status::Malformed, "The answer lists no installations.");
    int index = 0;
    for (; const auto id = call.plain("/installations/" + std::to_string(index) + "/id"); ++index) {
      if (id == claimed) return emitInstallation(call, "/installations/" + std::to_string(index));
    }
    if (index < perPage) break;
  }
  return call.fail(Status::Denied, "The installation that the redirect names is not one of this account's.");
}

inline std::string installationApi(const Call& call, std::string_view id) {
  return apiUrl(call, "/app/installations/") + auth_gateway::percentEncode(id);
}

inline Status mintToken(Call& call) {
  const auto id = call.input("installation_id");
  if (!id) return call.fail(Status::BadOption, "Say installation_id: GitHub makes tokens for it alone.");
  std::string narrowed;
  for (const auto& name : auth_gateway::splitScopes(call.input("repositories").value_or(""))) {
    narrowed += (narrowed.empty() ? "" : ",") + auth_gateway::jsonString(name);
  }
  if (!narrowed.empty()) narrowed = "\"repositories\":[" + narrowed + "]";
  if (const auto permissions = call.input("permissions")) {
    narrowed += (narrowed.empty() ? "" : ",") + ("\"permissions\":" + std::string(*permissions));
  }
  const auto body = narrowed.empty() ? std::string() : "{" + narrowed + "}";
  const auto sent = sendAsApp(call, "POST", installationApi(call, *id) + "/access_tokens", body);
  if (sent != Status::Ok) return sent;
  if (call.httpStatus() != 200 && call.httpStatus() != 201) return judgeAsApp(call);
  const auto token = call.plain("/token");
  const auto end = auth_gateway::utcTime(call.plain("/expires_at").value_or(""));
  const auto now = call.answerTime().value_or(call.now());
  if (!token || !end || *end <= now)
    return call.fail(Status::Malformed, "The answer has no token that lives.");
  call.result("access_token", token);
  call.result("expires_in", std::to_string(*end - now));
  return call.emit(AGW_TOKEN);
}

inline Status uninstall(Call& call) {
  const auto sent = sendAsApp(call, "DELETE", installationApi(call, *call.input("installation_id")), "");
  if (sent != Status::Ok) return sent;
  if (call.httpStatus() >= 200 && call.httpStatus() < 300) return Status::Ok;
  const auto status = judgeAsApp(call);
  return status == Status::GrantDead ? Status::Ok : status;
}

inline std::string_view eventOf(Text name, Text action) {
  if (name == "github_app_authorization") return action == "revoked" ? "consent_ended" : "";
  if (name != "installation") return "";
  if (action == "deleted") return "uninstalled";
  if (action == "suspend") return "suspended";
  if (action == "unsuspend") return "unsuspended";
  return action == "new_permissions_accepted" ? "permissions_changed" : "";
}

inline Status readEvent(Call& call) {
  if (call.webhookSecret().empty())
    return call.fail(Status::BadOption, "Set webhook_secret to the one of the app's settings.");
  const auto expected = "sha256=" + std::string(call.hmacSha256(call.webhookSecret(), call.inboundBody()));
  if (!auth_gateway::equalInConstantTime(call.inboundHeader("X-Hub-Signature-256").value_or(""), expected))
    return call.fail(Status::Denied, "The signature is wrong.");
  if (!call.document(""))
    return call.fail(Status::Malformed, "Choose the content type application/json in the app's settings.");
  const auto event = eventOf(call.inboundHeader("X-GitHub-Event"), call.document("/action"));
  if (event.empty()) return Status::Ok;
  const auto account = call.document("/installation/account/id");
  // The signature does not cover the name of the event: what other events say of an installation has no
  // account, and must not pass for one of these.
  if (event != "consent_ended" && !account)
    return call.fail(Status::Malformed, "The event does not say whose installation it is about.");
  call.result("event", event);
  if (event == "consent_ended") {
    call.result("subject", call.document("/sender/id"));
  } else {
    call.result("installation_id", call.document("/installation/id"));
    call.result("org_id", account);
  }
  if (event == "permissions_changed") call.result("permissions", call.document("/installation/permissions"));
  call.result("delivery", call.inboundHeader("X-GitHub-Delivery"));
  return call.emit(AGW_EVENT);
}

}  // namespace github
