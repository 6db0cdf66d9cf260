#include "dialects/github.hpp"
#include "json.hpp"
#include "people.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

Reply wrongApp() {
  return pageReply(messagePage("No such app", "The app that plays here is called sandbox-app."), 404);
}

std::set<std::string> chosenRepositories(const Parameters& form) {
  if (form.get("repository_selection") != "selected") return {};
  const auto names = form.all("repositories");
  return {names.begin(), names.end()};
}

}  // namespace

Reply GitHub::install(const Call& call) {
  if (call.captures[0] != kAppSlug) return wrongApp();
  if (call.posts()) return installed(call, call.body());
  FormView view{.badge = "Sandbox provider: " + parts_.name,
                .title = std::string("Install ") + kAppSlug,
                .text = "Choose where. The app gets the permissions below.",
                .action = call.request.path + "?" + call.request.rawQuery,
                .groups = {accountGroup({}), organisationGroup("Organisation")},
                .listTitle = "It asks for",
                .list = {"contents: read", "issues: write", "metadata: read", "members: read"},
                .buttons = {{"deny", "Cancel"}, {"request", "Request"}, {"allow", "Install"}}};
  view.groups.push_back(
      {.name = "repository_selection",
       .legend = "Repositories",
       .options = {{.value = "all", .title = "All repositories", .note = {}, .chosen = true},
                   {.value = "selected", .title = "Only these:", .note = {}}}});
  Group repositories{.name = "repositories", .legend = "Only these", .several = true, .options = {}};
  for (const char* name : kGitHubRepositories) {
    repositories.options.push_back({.value = name, .title = name, .note = {}, .chosen = true});
  }
  view.groups.push_back(repositories);
  return pageReply(formPage(view));
}

Reply GitHub::installed(const Call& call, const Parameters& form) {
  const std::string decision = form.get("decision");
  const std::string account = accountOf(form);
  if (decision == "deny") return pageReply(messagePage("Not installed", "You may close this page."));
  if (account.empty()) return pageReply(messagePage("No account", "Go back and choose an account."), 400);
  const std::string organisation =
      form.get("organisation").empty() ? knownOrganisations().front().name : form.get("organisation");

  std::vector<std::pair<std::string, std::string>> parameters;
  std::string action = "request";  // an owner has to approve: there is no installation yet
  if (decision != "request") {
    const auto result = parts_.installations.install({.organisation = organisation,
                                                      .people = {account},
                                                      .repositories = chosenRepositories(form),
                                                      .permissions = {{"contents", "read"},
                                                                      {"issues", "write"},
                                                                      {"metadata", "read"},
                                                                      {"members", "read"}},
                                                      .changedAt = parts_.clock.now()});
    action = result.isNew ? "install" : "update";
    parameters.emplace_back("installation_id", std::to_string(result.installation.id));
  }
  parameters.emplace_back("setup_action", action);
  if (call.policy.installedUrl.empty()) {
    return pageReply(messagePage("Installed", "The app has no setup address, so the way ends here."));
  }
  const std::string state = call.query().get("state");
  if (!state.empty()) parameters.emplace_back("state", state);
  if (call.policy.installAuthorizes && action != "request") {
    // "Request user authorization during installation": to the first callback address, without a choice.
    Consent consent;
    consent.clientId = call.policy.clients.front().id;
    consent.redirectUri = call.policy.installedUrl;
    consent.account = account;
    parameters.emplace_back("code", parts_.ledger.issueCode(consent, call.policy));
  }
  return redirectReply(withQuery(call.policy.installedUrl, parameters));
}

std::vector<Action> GitHub::actions() const {
  using About = Action::About;
  return {
      {.about = About::Account, .name = "withdraw", .label = "Revoke"},
      {.about = About::Organisation, .name = "suspend", .label = "Suspend"},
      {.about = About::Organisation, .name = "unsuspend", .label = "Unsuspend"},
      {.about = About::Organisation, .name = "new_permissions_accepted", .label = "Accept new permissions"},
      {.about = About::Organisation, .name = "uninstall", .label = "Uninstall"}};
}

void GitHub::endInstallation(const Installation& installation) {
  parts_.ledger.leaveOrganisation(installation.organisation);
  parts_.installations.remove(installation.id);
}

std::vector<Delivery> GitHub::happen(const Event& event, const Call& call) {
  const auto signedDelivery = [&](const std::string& name, const Poco::JSON::Object& payload) {
    Delivery delivery{.event = name, .body = toText(payload), .headers = {}};
    delivery.headers = {
        {"User-Agent", "GitHub-Hookshot/5a9d1c8"},
        {"X-GitHub-Event", name},
        {"X-GitHub-Delivery", uuidOf(randomText())},
        {"X-Hub-Signature-256", "sha256=" + hex(hmacSha256(call.policy.webhookSecret, delivery.body))}};
    return std::vector{delivery};
  };
  if (event.name == "withdraw") {
    parts_.ledger.withdraw(event.account);
    return signedDelivery("github_app_authorization",
                          object({{"action", "revoked"}, {"sender", userJson(event.account)}}));
  }
  auto installation = parts_.installations.find(event.organisation);
  if (!installation) throw BadControl("organisation: the app is not installed there");
  std::string action = event.name;
  if (event.name == "uninstall") {
    action = "deleted";
    endInstallation(*installation);
  } else if (event.name == "suspend" || event.name == "unsuspend") {
    installation->suspended = event.name == "suspend";
    if (installation->suspended) parts_.ledger.leaveOrganisation(installation->organisation);
  } else if (event.name == "new_permissions_accepted") {
    installation->permissions["pull_requests"] = "write";
  } else {
    throw BadControl(
        "event must be one of: withdraw, uninstall, suspend, unsuspend, new_permissions_accepted");
  }
  parts_.installations.change(*installation);
  const std::string sender = event.account.empty() ? *installation->people.begin() : event.account;
  return signedDelivery("installation", object({{"action", action},
                                                {"installation", installationJson(call, *installation)},
                                                {"sender", userJson(sender)}}));
}

}  // namespace sandbox
