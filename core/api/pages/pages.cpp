#include "api/pages/pages.hpp"

#include <algorithm>

#include "api/pages/style.hpp"
#include "base/encoding.hpp"
#include "crypto/hash.hpp"

namespace agw::api::pages {
namespace {

constexpr std::string_view kCheck = R"(<path d="M5 13l5 5L20 7"/>)";
constexpr std::string_view kCross = R"(<path d="M6 6l12 12M18 6L6 18"/>)";
constexpr std::string_view kKey = R"(<circle cx="8" cy="12" r="4"/><path d="M12 12h9M18 12v4"/>)";

/// CSP wants the ordinary base64 alphabet.
std::string styleDigest() {
  std::string digest = base64UrlEncode(sha256(kStyle), Padding::Required);
  std::replace(digest.begin(), digest.end(), '-', '+');
  std::replace(digest.begin(), digest.end(), '_', '/');
  return digest;
}

std::string mark(std::string_view kind, std::string_view shape) {
  std::string html = R"(<div class="mark )";
  html.append(kind).append(R"(" aria-hidden="true"><svg viewBox="0 0 24 24" focusable="false">)");
  return html.append(shape).append("</svg></div>\n");
}

void addFact(std::string& html, const char* name, const std::string& value) {
  if (value.empty()) return;
  html += std::string("<div><dt>") + name + "</dt><dd>" + htmlEscape(value) + "</dd></div>\n";
}

/// Who is connected to what, so that a person sees when it is not what they meant to do.
std::string facts(const CallbackOutcome& outcome) {
  std::string lines;
  addFact(lines, "Provider", outcome.provider);
  addFact(lines, "Asked for", outcome.profile);
  addFact(lines, "Your account", outcome.account);
  return lines.empty() ? lines : "<dl class=\"facts\">\n" + lines + "</dl>\n";
}

std::string providerName(const CallbackOutcome& outcome) {
  return outcome.provider.empty() ? "the provider" : htmlEscape(outcome.provider);
}

}  // namespace

const std::string& contentSecurityPolicy() {
  static const std::string policy = "default-src 'none'; style-src 'sha256-" + styleDigest() +
                                    "'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
  return policy;
}

std::string document(std::string_view title, std::string_view main, std::string_view bodyClass) {
  std::string html = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  html += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  html += "<meta name=\"robots\" content=\"noindex\">\n<title>" + htmlEscape(title) + "</title>\n";
  html.append("<style>").append(kStyle).append("</style>\n</head>\n<body class=\"").append(bodyClass);
  return html.append("\">\n<main>\n").append(main).append("</main>\n</body>\n</html>\n");
}

std::string success(const CallbackOutcome& outcome) {
  return document(
      "Authentication Successful",
      mark("good", kCheck) + "<h1>Authentication Successful</h1>\n<p>" + providerName(outcome) +
          " is connected. You can close this window and go back to where you came from.</p>\n" +
          facts(outcome) +
          "<p class=\"soft\">Was this not your doing? Remove the access in the security settings of your " +
          providerName(outcome) + " account, and tell your administrator.</p>\n",
      "result");
}

std::string failure(const CallbackOutcome& outcome, const std::string& requestId) {
  return document(
      "Authentication Failed",
      mark("bad", kCross) + "<h1>Authentication Failed</h1>\n<p>" + htmlEscape(outcome.error.message) +
          "</p>\n" + facts(outcome) +
          "<p class=\"soft\">If you ask an administrator for help, give them this number: <code>" +
          htmlEscape(requestId) + "</code></p>\n",
      "result");
}

std::string confirmation(const CallbackOutcome& outcome) {
  return document(
      "One more step",
      mark("info", kKey) +
          "<h1>One more step</h1>\n<p>Type this code into the application where you began:</p>\n" +
          "<code class=\"secret\">" + htmlEscape(outcome.confirmationCode) + "</code>\n" + facts(outcome) +
          "<p class=\"note bad\"><strong>Did somebody send you a link to this?</strong> Then do not give "
          "them the code: "
          "with it they can use your " +
          providerName(outcome) +
          " account.</p>\n<p class=\"soft\">The code is shown once. Without it nothing is connected.</p>\n",
      "result");
}

std::string installed(const InstallOutcome& outcome) {
  std::string lines;
  addFact(lines, "Provider", outcome.provider);
  for (const auto& row : outcome.installations)
    addFact(lines, "Organisation", row.orgName.empty() ? row.orgId : row.orgName);
  return document("Installation Successful",
                  mark("good", kCheck) + "<h1>Installation Successful</h1>\n<p>" +
                      htmlEscape(outcome.provider) +
                      " is connected. You can close this window and go back to where you came from.</p>\n" +
                      "<dl class=\"facts\">\n" + lines + "</dl>\n" +
                      "<p class=\"soft\">Was this not your doing? Remove the app in the settings of your "
                      "organisation, and tell your administrator.</p>\n",
                  "result");
}

std::string notInstalled(const InstallOutcome& outcome, const std::string& requestId) {
  std::string lines;
  addFact(lines, "Provider", outcome.provider);
  if (!lines.empty()) lines = "<dl class=\"facts\">\n" + lines + "</dl>\n";
  return document(
      "Installation Failed",
      mark("bad", kCross) + "<h1>Installation Failed</h1>\n<p>" + htmlEscape(outcome.error.message) +
          "</p>\n" + lines +
          "<p class=\"soft\">If you ask an administrator for help, give them this number: <code>" +
          htmlEscape(requestId) + "</code></p>\n",
      "result");
}

std::string notice(std::string_view text, bool good) {
  const char* title = good ? "Done" : "Nothing to show";
  return document(title,
                  (good ? mark("good", kCheck) : mark("bad", kCross)) + "<h1>" + title + "</h1>\n<p>" +
                      htmlEscape(text) + "</p>\n",
                  "result");
}

}  // namespace agw::api::pages
