#include "dialect.hpp"

#include "people.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

constexpr const char* kScopeBox = "scope";
constexpr const char* kBoxesShown = "scopes_chosen";

}  // namespace

std::string Dialect::tokenText(TokenKind kind, const Consent&, const std::string&) const {
  static constexpr const char* kMarks[] = {"code-", "access-", "refresh-"};
  return kMarks[static_cast<std::size_t>(kind)] + randomText();
}

Reply Dialect::notFound(const Call&) const {
  return errorReply(404, "not_found", "No provider or endpoint is here.");
}

std::vector<Action> Dialect::actions() const {
  return {{.about = Action::About::Account, .name = "withdraw", .label = "Remove access"}};
}

std::vector<Delivery> Dialect::happen(const Event& event, const Call&) {
  if (event.name != "withdraw") throw BadControl("event must be one of those that this provider knows");
  parts_.ledger.withdraw(event.account);
  return {};
}

void Dialect::on(const std::string& methods, const std::string& pattern, const std::string& endpoint,
                 const std::function<Reply(const Call&)>& handler) {
  for (const auto& method : splitScopes(methods)) {
    routes_.push_back(
        {.method = method, .pattern = splitScopes(pattern, '/'), .endpoint = endpoint, .handler = handler});
  }
}

Reply Dialect::authorize(const Call& call) {
  const Parameters query = call.query();
  // Until client and address are known to belong together nothing may be redirected (RFC 6749
  // section 4.1.2.1).
  if (const auto twice = query.repeated()) {
    return pageReply(messagePage("This link is broken", "The parameter " + *twice + " occurs twice."), 400);
  }
  const Client* client = call.policy.client(query.get("client_id"));
  if (client == nullptr) {
    return pageReply(messagePage("Unknown client", "No client is registered under this client_id."), 400);
  }
  Consent consent;
  consent.clientId = client->id;
  consent.redirectUri = query.get("redirect_uri");
  if (!mayRedirect(*client, consent.redirectUri)) {
    return pageReply(
        messagePage("Wrong redirect address", "The client may not be answered at this redirect_uri."), 400);
  }
  if (const std::string code = objection(call, *client); !code.empty()) {
    return sendBack(call, consent.redirectUri, {{"error", code}});
  }
  readRequest(call, consent);
  if (!call.posts()) {
    FormView view{.badge = "Sandbox provider: " + parts_.name,
                  .title = client->id + " wants to use your account",
                  .text = "Nothing here is real: choose who you are for this test.",
                  .action = call.request.path + "?" + call.request.rawQuery,
                  .groups = {accountGroup(query.get("login_hint"))},
                  .listTitle = "It asks for",
                  .list = consent.scopes};
    dress(call, consent, view);
    return pageReply(formPage(view));
  }
  const Parameters form = call.body();
  if (form.get("decision") != "allow") {
    return sendBack(call, consent.redirectUri, {{"error", "access_denied"}});
  }
  if (const std::string complaint = choose(call, form, consent); !complaint.empty()) {
    return pageReply(messagePage("Something is missing", complaint), 400);
  }
  return sendBack(call, consent.redirectUri, {{"code", parts_.ledger.issueCode(consent, call.policy)}});
}

std::string Dialect::objection(const Call& call, const Client& client) const {
  const Parameters query = call.query();
  if (query.get("response_type") != "code") return "unsupported_response_type";
  const std::string challenge = query.get("code_challenge");
  if (challenge.empty() ? call.policy.pkceRequired || client.secret.empty()
                        : query.get("code_challenge_method") != "S256" || challenge.size() != 43) {
    return "invalid_request";
  }
  return query.get("prompt") == "none" ? "interaction_required" : "";
}

void Dialect::readRequest(const Call& call, Consent& consent) const {
  const Parameters query = call.query();
  consent.challenge = query.get("code_challenge");
  consent.nonce = query.get("nonce");
  consent.scopes = splitScopes(query.get("scope"), scopeSeparator());
}

void Dialect::dress(const Call&, const Consent&, FormView&) const {}

void Dialect::offerScopes(const Consent& consent, FormView& view) {
  Group boxes{.name = kScopeBox, .legend = view.listTitle, .several = true, .options = {}};
  for (const auto& scope : consent.scopes) {
    boxes.options.push_back({.value = scope, .title = scope, .note = {}, .chosen = true});
  }
  view.groups.push_back(boxes);
  view.hidden.emplace_back(kBoxesShown, "yes");
  view.listTitle.clear();
}

std::string Dialect::choose(const Call& call, const Parameters& form, Consent& consent) const {
  consent.account = accountOf(form);
  if (consent.account.empty()) return "Go back and choose an account, or type an e-mail address.";
  const auto keep = [&](const std::vector<std::string>& allowed) {
    std::erase_if(consent.scopes, [&](const std::string& scope) { return !hasScope(allowed, scope); });
  };
  // A program that answers without having read the page grants what was asked for.
  if (form.has(kBoxesShown)) keep(form.all(kScopeBox));
  if (call.policy.grantedScopes) keep(*call.policy.grantedScopes);
  return {};
}

Reply Dialect::sendBack(const Call& call, const std::string& redirectUri,
                        std::vector<std::pair<std::string, std::string>> parameters) const {
  const std::string state = call.query().get("state");
  if (!state.empty()) parameters.emplace_back("state", state);
  if (call.policy.callbackIssuer) {
    const std::string& text = call.policy.callbackIssuerText;
    parameters.emplace_back("iss", text.empty() ? issuer(call) : text);
  }
  return redirectReply(withQuery(redirectUri, parameters));
}

Reply Dialect::devicePage(const Call& call) {
  FormView view{.badge = "Sandbox provider: " + parts_.name,
                .title = "Connect a device",
                .text = "Type the code that the device shows.",
                .action = call.request.path,
                .field = "user_code",
                .fieldLabel = "Code",
                .fieldValue = call.query().get("user_code"),
                .buttons = {{.value = "", .label = "Continue"}}};
  if (!call.posts()) return pageReply(formPage(view));
  const Parameters form = call.body();
  const std::string userCode = form.get("user_code");
  const auto waiting = parts_.devices.waiting(userCode);
  if (!waiting) {
    view.text = "No device waits for this code.";
    return pageReply(formPage(view), 400);
  }
  const std::string decision = form.get("decision");
  if (decision.empty()) {
    view.title = waiting->clientId + " wants to use your account";
    view.text = "Only go on if you started this yourself, on a device before you.";
    view.groups = {accountGroup({})};
    view.hidden = {{"user_code", userCode}};
    view.field.clear();
    view.listTitle = "It asks for";
    view.list = waiting->scopes;
    view.buttons = FormView().buttons;
    return pageReply(formPage(view));
  }
  const std::string account = accountOf(form);
  if (account.empty()) return pageReply(messagePage("No account", "Go back and choose an account."), 400);
  parts_.devices.decide(userCode, decision == "allow", account);
  return pageReply(messagePage(decision == "allow" ? "The device is connected" : "You said no",
                               "You may close this page."));
}

std::string Dialect::accountOf(const Parameters& form) {
  // Without script nothing ticks the choice when somebody types, so what was typed wins.
  const std::string account = form.get("other").empty() ? form.get("account") : form.get("other");
  return account.find('@') == std::string::npos ? std::string() : account;
}

Group Dialect::organisationGroup(const std::string& legend) const {
  Group group{.name = "organisation", .legend = legend, .options = {}};
  for (const auto& organisation : knownOrganisations()) {
    group.options.push_back({.value = organisation.name,
                             .title = organisation.title,
                             .note = {},
                             .chosen = group.options.empty()});
  }
  return group;
}

}  // namespace sandbox
