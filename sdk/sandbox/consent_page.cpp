#include "consent_page.hpp"

#include <openssl/evp.h>

#include <algorithm>

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
input[type=radio]{width:1.15rem;height:1.15rem;accent-color:var(--accent);flex:none}
input[type=email]{width:100%;font:inherit;color:inherit;background:transparent;border:1px solid var(--line);border-radius:8px;padding:.4rem .6rem}
ul{margin:0 0 1.2rem;padding-left:1.2rem;overflow-wrap:anywhere}
.row{display:flex;gap:.7rem}
button{flex:1;font:inherit;font-weight:600;min-height:3rem;border-radius:10px;border:1px solid var(--line);background:transparent;
color:inherit;cursor:pointer}
button[value=allow]{background:#2456c9;border-color:#2456c9;color:#fff}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
code{font-size:.9em;overflow-wrap:anywhere}
)";

std::string page(const std::string& title, const std::string& content) {
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
         "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>" +
         escapeHtml(title) + "</title><style>" + kStyle + "</style></head>\n<body><main>" + content +
         "</main></body></html>\n";
}

std::string accountChoice(const Account& account, bool checked) {
  return "<label><input type=\"radio\" name=\"account\" value=\"" + escapeHtml(account.email) + "\"" +
         (checked ? " checked" : "") + "><span>" + escapeHtml(account.name) + "<small>" +
         escapeHtml(account.email) + (account.verified ? "" : " (address not verified)") +
         "</small></span></label>\n";
}

}  // namespace

const std::vector<Account>& knownAccounts() {
  static const std::vector<Account> kAccounts{{"Alice Example", "alice@example.com", true},
                                              {"Bob Example", "bob@example.com", true},
                                              {"Mallory Example", "mallory@example.com", true},
                                              {"Carol Example", "carol@example.com", false}};
  return kAccounts;
}

Account accountFor(const std::string& email) {
  const auto& accounts = knownAccounts();
  const auto found = std::find_if(accounts.begin(), accounts.end(),
                                  [&](const Account& account) { return account.email == email; });
  if (found != accounts.end()) return *found;
  return {.name = email.substr(0, email.find('@')), .email = email, .verified = true};
}

std::string consentPage(const ConsentView& view) {
  std::vector<Account> choices = knownAccounts();
  const auto isChosen = [&](const Account& account) { return account.email == view.chosen; };
  if (view.chosen.find('@') != std::string::npos && std::none_of(choices.begin(), choices.end(), isChosen)) {
    choices.insert(choices.begin(), accountFor(view.chosen));
  }
  const bool hinted = std::any_of(choices.begin(), choices.end(), isChosen);
  std::string content = "<span class=\"badge\">Sandbox provider: " + escapeHtml(view.provider) +
                        "</span><h1>" + escapeHtml(view.clientId) +
                        " wants to use your account</h1><p>Nothing here is real: choose who you are for this "
                        "test.</p>\n<form method=\"post\" action=\"" +
                        escapeHtml(view.action) + "\"><fieldset><legend>Account</legend>\n";
  for (const auto& account : choices) {
    content += accountChoice(account, hinted ? isChosen(account) : &account == &choices.front());
  }
  content +=
      "<label><input type=\"radio\" name=\"account\" value=\"other\"><span>Another address<input "
      "type=\"email\" "
      "name=\"other\" aria-label=\"Another address\" autocomplete=\"off\" "
      "placeholder=\"dave@example.com\"></span>"
      "</label></fieldset>\n<strong>It asks for</strong><ul>";
  for (const auto& scope : view.scopes) content += "<li><code>" + escapeHtml(scope) + "</code></li>";
  if (view.scopes.empty()) content += "<li>nothing in particular</li>";
  content +=
      "</ul><div class=\"row\"><button name=\"decision\" value=\"deny\">Deny</button>"
      "<button name=\"decision\" value=\"allow\">Allow</button></div></form>";
  return page("Allow access?", content);
}

std::string messagePage(const std::string& title, const std::string& text) {
  return page(title, "<span class=\"badge\">Sandbox provider</span><h1>" + escapeHtml(title) + "</h1><p>" +
                         escapeHtml(text) + "</p>");
}

std::string indexPage(const std::string& provider, const std::string& issuer) {
  std::string content =
      "<span class=\"badge\">Sandbox provider: " + escapeHtml(provider) +
      "</span><h1>An OAuth provider for tests</h1><p>It hands out real tokens that open nothing. "
      "Client <code>sandbox-client</code>, secret <code>sandbox-secret</code>, any loopback "
      "redirect address.</p><ul>";
  for (const char* path :
       {"/.well-known/openid-configuration", "/authorize", "/token", "/revoke", "/userinfo", "/jwks"}) {
    content += "<li><code>" + escapeHtml(issuer + path) + "</code></li>";
  }
  return page("OAuth sandbox", content + "</ul>");
}

const std::string& contentSecurityPolicy() {
  static const std::string kPolicy = [] {
    const std::string digest = sha256(std::string_view(kStyle, sizeof kStyle - 1));
    std::string text(45, '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                    reinterpret_cast<const unsigned char*>(digest.data()), static_cast<int>(digest.size()));
    text.resize(44);
    // No form-action: Chromium applies it to the redirects that follow, which lead to the client.
    return "default-src 'none'; style-src 'sha256-" + text + "'; base-uri 'none'; frame-ancestors 'none'";
  }();
  return kPolicy;
}

}  // namespace sandbox
