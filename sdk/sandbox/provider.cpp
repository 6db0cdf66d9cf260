#include "provider.hpp"

#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeFormatter.h>
#include <Poco/Timestamp.h>

#include <chrono>
#include <set>
#include <thread>

#include "json.hpp"
#include "people.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

void pause(int milliseconds) {
  if (milliseconds > 0) std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

std::string grantTypeOf(const Route& route, const Call& call) {
  if (route.endpoint != "token") return {};
  try {
    const std::string type = call.body().get("grant_type");
    return type.empty() ? call.query().get("grant_type") : type;
  } catch (const BadRequest&) {
    return {};
  }
}

Reply spoil(Reply reply, const Fault& fault) {
  if (fault.status) reply.status = *fault.status;
  if (fault.body) reply.body = *fault.body;
  for (const auto& header : fault.headers) {
    if (header.first == "Content-Type") {
      reply.contentType = header.second;
    } else {
      reply.headers.push_back(header);
    }
  }
  return reply;
}

/// Puts what stands for `{}` into `captures`.
bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path,
          std::vector<std::string>& captures) {
  if (pattern.size() != path.size()) return false;
  captures.clear();
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (pattern[i] == "{}") {
      captures.push_back(path[i]);
    } else if (pattern[i] != path[i]) {
      return false;
    }
  }
  return true;
}

}  // namespace

Provider::Provider(std::string name, const Clock& clock, const Keys& keys, const Policy& policy)
    : name_(std::move(name)),
      clock_(clock),
      ledger_(clock, [this](TokenKind kind, const Consent& consent,
                            const std::string& label) { return dialect_->tokenText(kind, consent, label); }),
      devices_(clock),
      dialect_(makeDialect(policy.plays, {.name = name_,
                                          .clock = clock,
                                          .keys = keys,
                                          .ledger = ledger_,
                                          .devices = devices_,
                                          .installations = installations_})) {
  policy_ = std::make_shared<const Policy>(dialect_->usual(policy));
}

std::shared_ptr<const Policy> Provider::policy() const {
  const std::lock_guard lock(mutex_);
  return policy_;
}

void Provider::setPolicy(const Poco::JSON::Object& json, const Policy& defaults) {
  Policy usual = defaults;
  usual.plays = policy()->plays;
  Policy changed = policyFromJson(json, dialect_->usual(usual));
  if (changed.plays != usual.plays)
    throw BadControl("plays: " + name_ + " plays " + usual.plays + " already");
  const std::lock_guard lock(mutex_);
  policy_ = std::make_shared<const Policy>(std::move(changed));
}

Provider::Answer Provider::answer(const std::vector<std::string>& path, const Request& request) {
  const auto policy = this->policy();
  Answer answer = route(path, {.request = request, .root = root(request), .policy = *policy});
  // Clients learn from it how far their clock is off.
  const auto now = Poco::Timestamp::fromEpochTime(clock_.now());
  answer.reply.headers.emplace_back("Date",
                                    Poco::DateTimeFormatter::format(now, Poco::DateTimeFormat::HTTP_FORMAT));
  return answer;
}

Provider::Answer Provider::route(const std::vector<std::string>& path, Call call) {
  if (path.empty()) return {.reply = index(call), .fault = std::nullopt};
  if (path.size() == 1 && path[0] == "settings") return {.reply = settings(call), .fault = std::nullopt};
  const std::string method = call.request.method == "HEAD" ? "GET" : call.request.method;
  bool known = false;
  for (const auto& candidate : dialect_->routes()) {
    if (!fits(candidate.pattern, path, call.captures)) continue;
    known = true;
    if (candidate.method == method) return dispatch(candidate, call);
  }
  if (known) {
    return {.reply = errorReply(405, "invalid_request", "This endpoint does not know the method."),
            .fault = std::nullopt};
  }
  return {.reply = dialect_->notFound(call), .fault = std::nullopt};
}

Provider::Answer Provider::dispatch(const Route& route, const Call& call) {
  const std::string grantType = grantTypeOf(route, call);
  ledger_.count(route.endpoint);
  if (!grantType.empty()) ledger_.count(route.endpoint + ":" + grantType);
  pause(call.policy.delayMs);

  Answer answer{.reply = {}, .fault = faults_.take(route.endpoint, grantType)};
  if (!answer.fault || answer.fault->process) answer.reply = route.handler(call);
  if (answer.fault) {
    answer.reply = spoil(std::move(answer.reply), *answer.fault);
    pause(answer.fault->delayMs);
    if (answer.fault->hold) faults_.hold();
  }
  return answer;
}

std::string Provider::root(const Request& request) const {
  return name_ == "default" ? request.base : request.base + "/" + name_;
}

Poco::JSON::Object Provider::happen(const Event& event, const Request& request) {
  const auto policy = this->policy();
  const Call call{.request = request, .root = root(request), .policy = *policy};
  Poco::JSON::Array sent;
  for (const auto& delivery : dialect_->happen(event, call)) {
    sent.add(outbox_.send(policy->webhookUrl, delivery));
  }
  return object({{"ok", true}, {"deliveries", sent}});
}

Reply Provider::index(const Call& call) const {
  std::vector<std::string> addresses;
  std::set<std::vector<std::string>> seen;
  for (const auto& route : dialect_->routes()) {
    if (!seen.insert(route.pattern).second) continue;
    addresses.push_back(call.root + "/" + joinScopes(route.pattern, '/'));
  }
  return pageReply(indexPage(name_, addresses, call.root + "/settings"));
}

Reply Provider::settings(const Call& call) {
  if (call.posts()) {
    const Parameters form = call.body();
    try {
      (void)happen({.name = form.get("event"),
                    .account = form.get("account"),
                    .organisation = form.get("organisation")},
                   call.request);
    } catch (const BadControl& error) {
      return pageReply(messagePage("That cannot happen", error.what()), 400);
    }
    return redirectReply(call.root + "/settings");
  }
  std::set<std::string> accounts;
  std::set<std::string> organisations;
  for (const auto& consent : ledger_.living()) {
    if (!consent.account.empty()) accounts.insert(consent.account);
    organisations.insert(consent.organisations.begin(), consent.organisations.end());
  }
  for (const auto& installation : installations_.list()) organisations.insert(installation.organisation);

  TableView view{.badge = "Sandbox provider: " + name_,
                 .title = "What is connected",
                 .text = "As in the settings of an account or an organisation at a real provider.",
                 .action = call.request.path};
  const auto row = [&](const std::string& title, const std::string& note, const std::string& field,
                       const std::string& value, Action::About about) {
    TableView::Row line{.title = title, .note = note, .hidden = {{field, value}}, .buttons = {}};
    for (const auto& action : dialect_->actions()) {
      if (action.about != about) continue;
      line.buttons.push_back({.value = action.name, .label = action.label, .name = "event"});
    }
    if (!line.buttons.empty()) view.rows.push_back(std::move(line));
  };
  for (const auto& account : accounts) row(account, "", "account", account, Action::About::Account);
  for (const auto& name : organisations) {
    row(organisationFor(name).title, " organisation", "organisation", name, Action::About::Organisation);
  }
  if (view.rows.empty()) view.text = "Nothing is connected.";
  return pageReply(tablePage(view));
}

}  // namespace sandbox
