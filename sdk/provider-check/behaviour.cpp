#include "behaviour.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "auth_gateway/testing/fixture.hpp"
#include "plugin/option_schema.hpp"
#include "scenarios.hpp"

namespace agw {
namespace {

using auth_gateway::percentEncode;
using auth_gateway::testing::Answer;
using auth_gateway::testing::Given;
using auth_gateway::testing::Record;
using auth_gateway::testing::ScriptedHost;
using auth_gateway::testing::detail::statusName;

constexpr std::int32_t threw = -1;

const char* operationName(std::uint32_t operation) {
  return auth_gateway::testing::detail::operationNames[operation];
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

bool holdsSecret(const std::string& text) {
  const auto& secrets = givenSecrets();
  return std::any_of(secrets.begin(), secrets.end(), [&](const auto& secret) {
    return has(text, secret) || has(text, percentEncode(secret));
  });
}

class Behaviour {
 public:
  Behaviour(const Plugin& plugin, const std::string& optionsJson, Report& report)
      : provider_(*plugin.descriptor), can_(plugin.capabilities), options_(optionsJson), report_(report) {}

  void checkAll() {
    checkDescribe();  // first: what it can do may depend on options
    checkUnknownOperations();
    checkAuthorize();
    checkTokens(AGW_EXCHANGE);
    if (can_.refresh) checkTokens(AGW_REFRESH);
    if (can_.refresh) checkAnswerWithoutRefreshToken();
    checkDeadWordAtExchange();
    if (can_.revoke) checkRevoke();
    if (can_.identity) checkIdentify();
    checkEmptyCalls();
    checkThreads();
  }

 private:
  std::int32_t run(ScriptedHost& host) const {
    try {
      return host.run(provider_);
    } catch (...) {
      return threw;
    }
  }
  Given given(std::uint32_t operation) const { return everythingGiven(operation, options_); }
  static Answer goodAnswer() {
    return {200, R"({"ok":true,"access_token":"good-token-1","token_type":"Bearer","expires_in":3600,)"
                 R"("refresh_token":"good-refresh-1","scope":"openid email"})"};
  }

  void checkUnknownOperations() {
    std::vector<std::uint32_t> unknown{0, 13, 999, 0xffffffffU};
    if (!can_.installations) unknown.push_back(AGW_INSTALLATIONS);
    if (!can_.mints) unknown.push_back(AGW_INSTALLATION_TOKEN);
    if (!can_.webhooks) unknown.push_back(AGW_WEBHOOK);
    if (!can_.device) unknown.insert(unknown.end(), {AGW_DEVICE, AGW_DEVICE_TOKEN});
    if (!can_.revoke) unknown.push_back(AGW_REVOKE);
    for (const auto operation : unknown) {
      ScriptedHost host(given(operation));
      const auto status = run(host);
      report_.check("operation " + std::to_string(operation) + " is answered UNSUPPORTED",
                    status == AGW_UNSUPPORTED && host.requests.empty(), "it answers " + statusName(status));
    }
  }

  void checkDescribe() {
    ScriptedHost host(given(AGW_DESCRIBE));
    const auto status = run(host);
    report_.check("describe sends nothing", host.requests.empty());
    report_.check("describe succeeds or is unsupported", status == AGW_OK || status == AGW_UNSUPPORTED,
                  statusName(status));
    if (const auto bits = host.result("capabilities"); !bits.empty())
      can_ = capabilitiesOf(std::stoull(bits));
  }

  void checkAuthorize() {
    ScriptedHost host(given(AGW_AUTHORIZE));
    const auto status = run(host);
    const auto url = host.result("url");
    if (!report_.check("authorize succeeds", status == AGW_OK, statusName(status) + " " + host.error("hint")))
      return;
    report_.check("authorize sends nothing", host.requests.empty());
    report_.check("authorize gives a web address",
                  url.rfind("https://", 0) == 0 || url.rfind("http://", 0) == 0, url);
    report_.check("its address has no control character, space or fragment",
                  url.find_first_of(" #\r\n\t") == std::string::npos && url.find('\0') == std::string::npos);
    report_.check("its address has the state, encoded", has(url, "=state%260123456789"));
    report_.check("its address has the redirect URI, encoded",
                  has(url, percentEncode(host.given.inputs["redirect_uri"])));
    report_.check("its address has the client id", has(url, host.given.clientId));
    report_.check("its address has no secret", !holdsSecret(url));
    if (can_.pkce == Capabilities::Pkce::None) {
      report_.check("it sends no PKCE challenge", !has(url, "code_challenge"));
    } else {
      report_.check("its PKCE challenge is S256",
                    has(url, "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM") &&
                        has(url, "code_challenge_method=S256"));
    }
  }

  void checkTokens(std::uint32_t operation) {
    const std::string name = operationName(operation);
    auto good = given(operation);
    good.answers.assign(4, goodAnswer());
    ScriptedHost host(std::move(good));
    const auto status = run(host);
    const bool emitted = std::any_of(host.records.begin(), host.records.end(), [](const Record& record) {
      return record.kind == AGW_TOKEN && record.field("access_token") == "good-token-1";
    });
    report_.check(name + " emits the token of a good answer", status == AGW_OK && emitted,
                  statusName(status) + " " + host.error("hint"));
    checkRequests(host, name);
    for (const auto& scenario : failures()) checkFailure(operation, scenario);
  }

  void checkRequests(const ScriptedHost& host, const std::string& name) {
    for (const auto& request : host.requests) {
      std::string address = request.url;
      for (const auto& [key, value] : request.query) address += "&" + key + "=" + value;
      report_.check(name + " puts no secret into an address", !holdsSecret(address));
      report_.check(name + " sends to a web address", request.url.rfind("http", 0) == 0, request.url);
    }
  }

  void checkFailure(std::uint32_t operation, const Scenario& scenario) {
    auto bad = given(operation);
    bad.answers.assign(4, scenario.answer);
    ScriptedHost host(std::move(bad));
    const auto status = run(host);
    const auto name = std::string(operationName(operation)) + ", " + scenario.name;
    const bool known = status >= AGW_OK && status <= AGW_PENDING;
    const bool listed =
        scenario.allowed.empty() ||
        std::find(scenario.allowed.begin(), scenario.allowed.end(), status) != scenario.allowed.end();
    report_.check(name + ": the right status",
                  known && listed && status != AGW_OK && status != AGW_GRANT_DEAD,
                  "it answers " + (status == threw ? std::string("with an exception") : statusName(status)));
    for (const auto& [key, value] : host.errors) {
      if (holdsSecret(value)) report_.check(name + ": no secret in error " + key, false);
    }
  }

  void checkAnswerWithoutRefreshToken() {
    auto good = given(AGW_REFRESH);
    good.answers.assign(4, {200, R"({"ok":true,"access_token":"good-token-1","expires_in":"3600"})"});
    ScriptedHost host(std::move(good));
    const auto status = run(host);
    report_.check("refresh takes an answer without refresh_token and keeps quiet about it",
                  status == AGW_OK && !host.records.empty() && host.records[0].field("refresh_token").empty(),
                  statusName(status));
    report_.check("refresh reads a lifetime that is text",
                  !host.records.empty() && host.records[0].field("expires_in") == "3600");
  }

  void checkDeadWordAtExchange() {
    auto bad = given(AGW_EXCHANGE);
    bad.answers.assign(4, {400, R"({"error":"invalid_grant"})"});
    ScriptedHost host(std::move(bad));
    const auto status = run(host);
    report_.check("exchange never ends a grant: there is none", status != AGW_GRANT_DEAD && status != AGW_OK,
                  statusName(status));
  }

  void checkRevoke() {
    auto good = given(AGW_REVOKE);
    good.answers.assign(4, {200, R"({"ok":true,"revoked":true})"});
    ScriptedHost host(std::move(good));
    const auto status = run(host);
    report_.check("revoke succeeds", status == AGW_OK, statusName(status) + " " + host.error("hint"));
    checkRequests(host, "revoke");
    for (const int http : {429, 500, 503}) {
      auto bad = given(AGW_REVOKE);
      bad.answers.assign(4, {http, ""});
      ScriptedHost failing(std::move(bad));
      const auto outcome = run(failing);
      report_.check("revoke under " + std::to_string(http) + " is tried again later",
                    outcome == AGW_TRANSIENT || outcome == AGW_RATE_LIMITED, statusName(outcome));
    }
  }

  void checkIdentify() {
    auto forged = given(AGW_IDENTIFY);
    forged.inputs["id_token"] = "forged.id.token";
    forged.answers.assign(4, {500, ""});
    ScriptedHost host(std::move(forged));
    run(host);
    report_.check("identify names nobody by an id_token that does not verify",
                  host.records.empty() && host.status != AGW_OK, statusName(host.status));
    for (const auto& answer : {Answer{500, ""}, Answer{401, R"({"error":"invalid_token"})"},
                               Answer{200, "{}"}, Answer{200, "<html>"}}) {
      auto bad = given(AGW_IDENTIFY);
      bad.answers.assign(4, answer);
      ScriptedHost failing(std::move(bad));
      const auto status = run(failing);
      report_.check("identify under " + std::to_string(answer.status) + " '" + answer.body + "' names nobody",
                    status != AGW_OK && status != AGW_GRANT_DEAD && failing.records.empty(),
                    statusName(status));
      checkRequests(failing, "identify");
    }
  }

  void checkEmptyCalls() {
    for (std::uint32_t operation = AGW_AUTHORIZE; operation <= AGW_DEVICE_TOKEN; ++operation) {
      Given nothing;
      nothing.operation = operation;
      ScriptedHost host(std::move(nothing));
      const auto status = run(host);
      report_.check(std::string(operationName(operation)) + " survives a call without inputs",
                    status >= AGW_OK && status <= AGW_PENDING,
                    "it ends with an exception or an unknown number");
    }
  }

  void checkThreads() {
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&, thread] {
        for (int round = 0; round < 50; ++round) {
          auto good = given(AGW_EXCHANGE);
          const auto token = "token-" + std::to_string(thread) + "-" + std::to_string(round);
          good.answers.assign(4, {200, R"({"ok":true,"access_token":")" + token + "\"}"});
          ScriptedHost host(std::move(good));
          const bool right =
              run(host) == AGW_OK && !host.records.empty() && host.records[0].field("access_token") == token;
          if (!right) ++wrong;
        }
      });
    }
    for (auto& thread : threads) thread.join();
    report_.check("four threads at once get each their own token", wrong == 0,
                  std::to_string(wrong.load()) + " of 200 did not");
  }

  const agw_provider& provider_;
  Capabilities can_;
  std::string options_;
  Report& report_;
};

}  // namespace

void checkBehaviour(const Plugin& plugin, const std::string& optionsJson, Report& report) {
  Behaviour(plugin, optionsJson, report).checkAll();
}

}  // namespace agw
