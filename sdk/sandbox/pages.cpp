#include "pages.hpp"

#include <openssl/evp.h>

#include <algorithm>

#include "people.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

constexpr const char kStyle[] = R"(
:root{color-scheme:light dark;--paper:#fff;--ground:#eef1f6;--ink:#1b2230;--soft:#5c6678;--line:#d6dce6;--accent:#2456c9}
@media(prefers-color-scheme:dark){:root{--paper:#1b2130;--ground:#11151f;--ink:#e8ecf4;--soft:#9aa5b8;--line:#343d50;--accent:#7ea4ff}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--ground);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
main{width:100%;max-width:28rem;background:var(--paper);border:1px solid var(--line);border-radius:14px;padding:1.6rem;
box-shadow:0 8px 30px rgb(0 0 0/.08)}
.badge{display:inline-block;font-size:.78rem;color:var(--soft);border:1px solid var(--line);border-radius:99px;padding:.1rem .7rem}
h1{font-size:1.3rem;line-height:1.3;margin:.8rem 0 .3rem}
p{margin:.3rem 0 1rem;color:var(--soft);overflow-wrap:anywhere}
fieldset{border:0;padding:0;margin:0 0 1.1rem}
legend{font-weight:600;padding:0;margin-bottom:.4rem}
label{display:flex;gap:.7rem;align-items:center;border:1px solid var(--line);border-radius:10px;padding:.6rem .8rem;
margin-bottom:.45rem;min-height:3.1rem;cursor:pointer}
label:has(input:checked){border-color:var(--accent);box-shadow:0 0 0 1px var(--accent)}
label span{flex:1;min-width:0;overflow-wrap:anywhere}
small{display:block;color:var(--soft)}
input[type=radio],input[type=checkbox]{width:1.15rem;height:1.15rem;accent-color:var(--accent);flex:none}
input[type=email],input[type=text]{width:100%;font:inherit;color:inherit;background:transparent;border:1px solid var(--line);border-radius:8px;padding:.4rem .6rem}
ul{margin:0 0 1.2rem;padding-left:1.2rem;overflow-wrap:anywhere}
.row{display:flex;gap:.7rem;flex-wrap:wrap}
.thing{border-top:1px solid var(--line);padding:.9rem 0 0;margin:0 0 .9rem}
.thing .row{margin-top:.5rem}
button{flex:1;font:inherit;font-weight:600;min-height:3rem;border-radius:10px;border:1px solid var(--line);background:transparent;
color:inherit;cursor:pointer}
button.main{background:#2456c9;border-color:#2456c9;color:#fff}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
code{font-size:.9em;overflow-wrap:anywhere}
)";

constexpr const char kPost[] = "document.forms[0].submit()";

using Fields = std::vector<std::pair<std::string, std::string>>;

std::string page(const std::string& title, const std::string& content) {
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
         "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>" +
         escapeHtml(title) + "</title><style>" + kStyle + "</style></head>\n<body><main>" + content +
         "</main></body></html>\n";
}

std::string head(const std::string& badge, const std::string& title, const std::string& text) {
  return "<span class=\"badge\">" + escapeHtml(badge) + "</span><h1>" + escapeHtml(title) + "</h1><p>" +
         escapeHtml(text) + "</p>\n";
}

std::string attribute(const char* name, const std::string& value) {
  return std::string(" ") + name + "=\"" + escapeHtml(value) + "\"";
}

std::string formStart(const std::string& action, const Fields& hidden) {
  std::string html = "<form method=\"post\"" + attribute("action", action) + ">";
  for (const auto& [name, value] : hidden) {
    html += "<input type=\"hidden\"" + attribute("name", name) + attribute("value", value) + ">";
  }
  return html;
}

std::string buttonRow(const std::vector<Button>& buttons, bool lastIsMain) {
  std::string html = "<div class=\"row\">";
  for (const auto& button : buttons) {
    const bool main = lastIsMain && &button == &buttons.back();
    html += std::string("<button") + (main ? " class=\"main\"" : "") + attribute("name", button.name) +
            attribute("value", button.value) + ">" + escapeHtml(button.label) + "</button>";
  }
  return html + "</div>";
}

std::string choice(const Group& group, const Option& option) {
  return std::string("<label><input type=\"") + (group.several ? "checkbox" : "radio") + "\"" +
         attribute("name", group.name) + attribute("value", option.value) +
         (option.chosen ? " checked" : "") + "><span>" + escapeHtml(option.title) +
         (option.note.empty() ? "" : "<small>" + escapeHtml(option.note) + "</small>") + "</span></label>\n";
}

std::string choices(const Group& group) {
  std::string html = "<fieldset><legend>" + escapeHtml(group.legend) + "</legend>\n";
  for (const auto& option : group.options) html += choice(group, option);
  if (group.typed) {
    html += "<label><input type=\"radio\"" + attribute("name", group.name) +
            " value=\"other\"><span>Another address<input type=\"email\" name=\"other\" "
            "aria-label=\"Another address\" autocomplete=\"off\" "
            "placeholder=\"dave@example.com\"></span></label>";
  }
  return html + "</fieldset>\n";
}

std::string sourceHash(std::string_view text) {
  const std::string digest = sha256(text);
  std::string encoded(45, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                  reinterpret_cast<const unsigned char*>(digest.data()), static_cast<int>(digest.size()));
  encoded.resize(44);
  return "'sha256-" + encoded + "'";
}

}  // namespace

std::string formPage(const FormView& view) {
  std::string content = head(view.badge, view.title, view.text) + formStart(view.action, view.hidden);
  for (const auto& group : view.groups) content += choices(group);
  if (!view.field.empty()) {
    content += "<fieldset><legend>" + escapeHtml(view.fieldLabel) + "</legend><input type=\"text\"" +
               attribute("name", view.field) + attribute("aria-label", view.fieldLabel) +
               attribute("value", view.fieldValue) + " autocomplete=\"off\"></fieldset>";
  }
  if (!view.listTitle.empty()) {
    content += "<strong>" + escapeHtml(view.listTitle) + "</strong><ul>";
    for (const auto& item : view.list) content += "<li><code>" + escapeHtml(item) + "</code></li>";
    if (view.list.empty()) content += "<li>nothing in particular</li>";
    content += "</ul>";
  }
  return page(view.title, content + buttonRow(view.buttons, true) + "</form>");
}

Group accountGroup(const std::string& chosen) {
  Group group{.name = "account", .legend = "Account", .typed = true, .options = {}};
  std::vector<Account> accounts = knownAccounts();
  const auto isChosen = [&](const Account& account) { return account.email == chosen; };
  if (chosen.find('@') != std::string::npos && std::none_of(accounts.begin(), accounts.end(), isChosen)) {
    accounts.insert(accounts.begin(), accountFor(chosen));
  }
  const bool hinted = std::any_of(accounts.begin(), accounts.end(), isChosen);
  for (const auto& account : accounts) {
    group.options.push_back({.value = account.email,
                             .title = account.name,
                             .note = account.email + (account.verified ? "" : " (address not verified)"),
                             .chosen = hinted ? isChosen(account) : group.options.empty()});
  }
  return group;
}

std::string tablePage(const TableView& view) {
  std::string content = head(view.badge, view.title, view.text);
  for (const auto& row : view.rows) {
    content += "<div class=\"thing\"><strong>" + escapeHtml(row.title) + "</strong><small>" +
               escapeHtml(row.note) + "</small>" + formStart(view.action, row.hidden) +
               buttonRow(row.buttons, false) + "</form></div>\n";
  }
  return page(view.title, content);
}

std::string messagePage(const std::string& title, const std::string& text) {
  return page(title, head("Sandbox provider", title, text));
}

std::string postingPage(const std::string& action, const Fields& fields) {
  return page("Back to the client", formStart(action, fields) +
                                        buttonRow({{.value = "", .label = "Continue", .name = ""}}, true) +
                                        "</form><script>" + kPost + "</script>");
}

std::string indexPage(const std::string& provider, const std::vector<std::string>& addresses,
                      const std::string& settings) {
  std::string content = head("Sandbox provider: " + provider, "An OAuth provider for tests",
                             "It hands out real tokens that open nothing. Client sandbox-client, secret "
                             "sandbox-secret, any loopback redirect address.");
  content += "<p><a" + attribute("href", settings) + ">What is connected, and how to end it</a></p><ul>";
  for (const auto& address : addresses) content += "<li><code>" + escapeHtml(address) + "</code></li>";
  return page("OAuth sandbox", content + "</ul>");
}

const std::string& contentSecurityPolicy() {
  // No form-action: Chromium applies it to the redirects that follow, which lead to the client.
  static const std::string kPolicy =
      "default-src 'none'; style-src " + sourceHash({kStyle, sizeof kStyle - 1}) + "; script-src " +
      sourceHash({kPost, sizeof kPost - 1}) + "; base-uri 'none'; frame-ancestors 'none'";
  return kPolicy;
}

}  // namespace sandbox
