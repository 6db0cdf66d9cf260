// Facebook Login and Facebook Login for Business, for the Graph API. README.md says how to register an app
// and how grants end.
#include <auth_gateway/provider.hpp>
#include <charconv>

#include "options_schema.hpp"

namespace {

using auth_gateway::Call;
using auth_gateway::Dialect;
using auth_gateway::joinScopes;
using auth_gateway::Parameters;
using auth_gateway::Status;
using auth_gateway::Text;

constexpr std::int64_t day = 86'400;
// A signed request older than this is a replay; Meta names no limit.
constexpr std::int64_t oldestRequest = 7 * day;

std::string upper(std::string_view text) {
  std::string large(text);
  for (char& character : large) {
    if (character >= 'a' && character <= 'z') character = static_cast<char>(character - ('a' - 'A'));
  }
  return large;
}

std::int64_t number(Text digits) {
  std::int64_t value = 0;
  const auto text = digits.value_or("");
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

constexpr std::pair<std::string_view, std::string_view> subcodes[] = {
    {"458", "The person removed the app."},
    {"459", "Facebook wants the person to sign in at facebook.com and pass a check first."},
    {"460", "The password was changed."},
    {"463", "The token's time is over, and an expired one cannot be extended."},
    {"464", "The person has to confirm the account at facebook.com first."},
    {"467", "The person signed out or the token was made invalid."},
    {"492", "The person lost the role at the Page."},
};

class Meta final : public auth_gateway::OAuthProvider {
  Dialect dialect(const Call& call) const override {
    const std::string version(call.option("/api_version").value_or("v25.0"));
    const std::string site(call.option("/base_url").value_or("https://www.facebook.com"));
    const auto graph =
        std::string(call.option("/graph_url").value_or("https://graph.facebook.com")) + "/" + version;
    Dialect meta;
    meta.authorizationUrl = site + "/" + version + "/dialog/oauth";
    meta.tokenUrl = graph + "/oauth/access_token";
    meta.revocationUrl = graph + "/me/permissions";
    meta.userinfoUrl = graph + "/me";
    meta.issuers = {site};
    meta.scopeSeparator = ",";
    meta.pkce = false;
    meta.errorPointer = "/error/code";  // a number; HTTP statuses tell little
    meta.renewBefore = 14 * day;        // there is no refresh token, and an expired token cannot be extended
    for (const auto* name : {"config_id", "auth_type"}) {
      if (const auto value = call.option("/" + std::string(name)))
        meta.authorizationParameters.emplace_back(name, *value);
    }
    meta.words.dead = {"190", "102"};
    meta.words.denied = {"100"};  // of an exchange: the code was used, or is of another redirect
    meta.words.client = {"101", "191", "368"};
    meta.words.option = {"3", "10"};
    for (int code = 200; code <= 299; ++code) meta.words.option.push_back(std::to_string(code));
    meta.words.rateLimited = {"4", "17", "32", "341", "613"};
    for (int code = 80000; code <= 80014; ++code) meta.words.rateLimited.push_back(std::to_string(code));
    return meta;
  }

  Status authorize(Call& call, const Dialect& dialect) const override {
    Parameters query{{"response_type", "code"},
                     {"client_id", std::string(call.clientId())},
                     {"redirect_uri", std::string(call.input("redirect_uri").value_or(""))},
                     {"state", std::string(call.input("state").value_or(""))}};
    const auto scopes = auth_gateway::splitScopes(call.input("scopes").value_or(""));
    if (!call.option("/config_id") && !scopes.empty())  // a configuration says itself what is asked for
      query.emplace_back("scope", joinScopes(scopes, ","));
    if (const auto status = addExtra(call, dialect.authorizationParameters, query); status != Status::Ok)
      return status;
    call.result("url", auth_gateway::withQuery(dialect.authorizationUrl, query));
    return Status::Ok;
  }

  /// A code gives a token of an hour or two, which is extended at once.
  Status exchange(Call& call, const Dialect& dialect) const override {
    Parameters form{{"code", std::string(call.input("code").value_or(""))}};
    const bool systemUser = call.flag("/system_user");
    if (!systemUser) form.emplace_back("redirect_uri", call.input("redirect_uri").value_or(""));
    if (const auto status = askForToken(call, dialect, form, Stage::Exchange); status != Status::Ok)
      return status;
    const auto first = call.field("access_token").value_or("");
    const auto firstLife = call.field("expires_in");
    if (systemUser) return emitLiving(call, dialect, first, firstLife);
    const auto status = extend(call, dialect, first, Stage::Exchange);
    if (status == Status::Ok)
      return emitLiving(call, dialect, call.field("access_token").value_or(""), call.field("expires_in"));
    // The code is spent; what it gave lives for a while, and the next renewal extends it.
    const bool later = status == Status::Transient || status == Status::RateLimited;
    return later ? emitLiving(call, dialect, first, firstLife) : status;
  }

  Status refresh(Call& call, const Dialect& dialect) const override {
    const auto token = call.input("access_token");
    if (!token) return Status::Unsupported;
    // Extending would give a system user's token without end one.
    if (call.flag("/system_user") && inspect(call, dialect, *token) && call.json("/data/expires_at") == "0")
      return Status::Unsupported;
    if (const auto status = extend(call, dialect, *token, Stage::Refresh); status != Status::Ok)
      return status;
    return emitLiving(call, dialect, call.field("access_token").value_or(""), call.field("expires_in"));
  }

  Status extend(Call& call, const Dialect& dialect, std::string_view token, Stage stage) const {
    Parameters form{{"grant_type", "fb_exchange_token"}, {"fb_exchange_token", std::string(token)}};
    if (call.flag("/system_user")) form.emplace_back("set_token_expires_in_60_days", "true");
    return askForToken(call, dialect, form, stage);
  }

  /// By POST: what stands in an address stands in logs.
  Status askForToken(Call& call, const Dialect& dialect, Parameters form, Stage stage) const {
    if (const auto status = addExtra(call, dialect.tokenParameters, form); status != Status::Ok)
      return status;
    if (const auto sent = sendForm(call, dialect, dialect.tokenUrl, form); sent != Status::Ok) return sent;
    if (call.httpStatus() != 200 || call.json("/error")) return judge(call, dialect, stage);
    return call.field("access_token") ? Status::Ok
                                      : call.fail(Status::Malformed, "The answer has no access_token.");
  }

  /// Answers name no scopes, though people may decline some, and not always a life: debug_token knows both.
  Status emitLiving(Call& call, const Dialect& dialect, std::string_view token, Text life) const {
    auto seconds = auth_gateway::lifetime(life.value_or(""));
    std::vector<std::string> scopes;
    if (inspect(call, dialect, token)) {
      if (call.json("/data/app_id") != call.clientId() || call.json("/data/is_valid") == "false")
        return call.fail(Status::Malformed, "The token is none of this app's.");
      call.result("carry", call.plain("/data/user_id"));  // names the person when the token no longer does
      const auto end = number(call.json("/data/expires_at"));  // 0: never
      if (!seconds && end > call.now()) seconds = end - call.now();
      for (Text scope; (scope = call.json("/data/scopes/" + std::to_string(scopes.size())));)
        scopes.emplace_back(*scope);
    } else if (!seconds) {
      seconds = day;  // unknown: asked again before long
    }
    call.result("access_token", token);
    if (seconds) call.result("expires_in", std::to_string(*seconds));
    if (!scopes.empty()) call.result("scopes", joinScopes(scopes, " "));
    return call.emit(AGW_TOKEN);
  }

  /// The Graph API takes any request as a POST that names its method.
  static bool inspect(Call& call, const Dialect& dialect, std::string_view token) {
    const Parameters form{
        {"method", "get"}, {"input_token", std::string(token)}, {"access_token", appToken(call)}};
    const auto sent = sendForm(call, dialect, graph(dialect) + "/debug_token", form, false);
    return sent == Status::Ok && call.httpStatus() == 200 && call.json("/data");
  }

  static std::string graph(const Dialect& dialect) {
    return dialect.userinfoUrl.substr(0, dialect.userinfoUrl.rfind('/'));
  }

  Status judge(Call& call, const Dialect& dialect, Stage stage) const override {
    auto status = OAuthProvider::judge(call, dialect, stage);
    const auto code = errorWord(call, dialect);
    const auto subcode = call.json("/error/error_subcode");
    if (code && subcode) call.errorWord(std::string(*code) + "." + std::string(*subcode));
    if (call.json("/error") && (!code || call.json("/error/is_transient") == "true"))
      return Status::Transient;
    if (status == Status::RateLimited && !call.header("Retry-After"))
      call.put(AGW_ERROR, "retry_after", pause(call));
    if (code == "368")
      return call.fail(status, "Facebook blocks this for a breach of its policies: see the app's dashboard.");
    if (code == "100" && stage == Stage::Exchange)
      return call.fail(status, "The code was used already, or the redirect URI is another one: start again.");
    if (code == "190" && stage == Stage::Identify) status = Status::Denied;
    for (const auto& [known, hint] : subcodes) {
      if (status != Status::Ok && subcode == known) return call.fail(status, hint);
    }
    return status;
  }

  /// At least a minute; a header may say how many.
  static std::string pause(const Call& call) {
    constexpr std::string_view name = R"("estimated_time_to_regain_access":)";
    const auto usage = call.header("X-Business-Use-Case-Usage").value_or("");
    std::int64_t minutes = 1;
    for (auto at = usage.find(name); at != usage.npos; at = usage.find(name, at + 1))
      minutes = std::max(minutes, number(usage.substr(at + name.size())));
    return std::to_string(minutes * 60);
  }

  /// Each call with a person's token carries proof that it is the app who calls.
  void sign(Call& call, std::string_view token) const {
    call.requestHeader("Accept", "application/json");
    call.bearer(token);
    call.query("appsecret_proof", call.hmacSha256(call.clientSecret(), token));
  }

  Status identify(Call& call, const Dialect& dialect) const override {
    call.url(dialect.userinfoUrl);
    call.query("fields", "id,name,email");
    sign(call, call.input("access_token").value_or(""));
    if (const auto sent = call.send(); sent != Status::Ok) return sent;
    if (call.httpStatus() != 200 || call.json("/error")) return judge(call, dialect, Stage::Identify);
    return emitIdentity(call, dialect, [&](std::string_view pointer) {
      return call.json(pointer == "/sub" ? "/id" : pointer);  // another id in each app
    });
  }
  bool emailVerified(const Call&, const Claims&, std::string_view) const override { return false; }

  /// Removes the app for the person, with every token.
  Status revoke(Call& call, const Dialect& dialect) const override {
    const auto token = call.input("access_token").value_or("");
    const auto status = removeApp(call, dialect, dialect.revocationUrl, token);
    const bool over = errorWord(call, dialect) == "190" && call.json("/error/error_subcode") != "458";
    if (!over || !call.carry()) return status;
    // A token that is over says nothing about the person's consent; the app may end it by the person's id.
    const auto person = graph(dialect) + "/" + auth_gateway::percentEncode(*call.carry()) + "/permissions";
    return removeApp(call, dialect, person, appToken(call));
  }

  Status removeApp(Call& call, const Dialect& dialect, std::string_view url, std::string_view token) const {
    call.method("DELETE");
    call.url(url);
    sign(call, token);
    if (const auto sent = call.send(); sent != Status::Ok) return sent;
    const bool done = call.httpStatus() == 200 && call.json("") && !call.json("/error");
    return done && call.json("/success") != "false" ? Status::Ok : judge(call, dialect, Stage::Revoke);
  }

  static std::string appToken(const Call& call) {
    return std::string(call.clientId()) + "|" + std::string(call.clientSecret());
  }

  Status webhook(Call& call, const Dialect&) const override {
    if (call.clientSecret().empty()) return call.fail(Status::BadOption, "Set client_secret.");
    if (call.input("method") == "GET") return call.parameter("id") ? deletionStatus(call) : handshake(call);
    if (const auto request = call.inboundForm("signed_request")) return personLeft(call, *request);
    const auto expected = "sha256=" + std::string(call.hmacSha256(call.clientSecret(), call.inboundBody()));
    const auto given = call.inboundHeader("X-Hub-Signature-256").value_or("");
    return auth_gateway::equalInConstantTime(given, expected) ? Status::Ok : wrongSignature(call);
  }

  static Status wrongSignature(Call& call) { return call.fail(Status::Denied, "The signature is wrong."); }

  static Status handshake(Call& call) {
    if (call.webhookSecret().empty())
      return call.fail(Status::BadOption, "Set webhook_secret to the verify token of the app's settings.");
    const auto given = call.parameter("hub.verify_token").value_or("");
    if (call.parameter("hub.mode") != "subscribe" ||
        !auth_gateway::equalInConstantTime(given, call.webhookSecret()))
      return call.fail(Status::Denied, "The verify token is wrong.");
    return reply(call, "text/plain", call.parameter("hub.challenge").value_or(""));
  }

  /// The callbacks for a person who removed the app, and for one who wants the data deleted: the same text,
  /// and one answer that suits both.
  static Status personLeft(Call& call, std::string_view request) {
    const auto dot = std::min(request.find('.'), request.size());
    const auto payload = request.substr(std::min(dot + 1, request.size()));
    const auto signature =
        auth_gateway::hexEncode(auth_gateway::base64UrlDecode(request.substr(0, dot)).value_or(""));
    if (!auth_gateway::equalInConstantTime(signature, call.hmacSha256(call.clientSecret(), payload)))
      return wrongSignature(call);
    const auto claims = auth_gateway::base64UrlDecode(payload);
    if (!claims || !call.parse(*claims))
      return call.fail(Status::Malformed, "The signed request is no JSON.");
    const auto person = call.document("/user_id");
    if (upper(call.document("/algorithm").value_or("")) != "HMAC-SHA256" || !person)
      return call.fail(Status::Malformed, "The signed request names no person.");
    const auto issued = call.document("/issued_at");
    if (issued && number(issued) < call.now() - oldestRequest)
      return call.fail(Status::Denied, "The signed request is too old.");
    call.result("event", "consent_ended");
    call.result("subject", person);
    call.result("at", issued);
    call.result("delivery", signature);
    if (const auto status = call.emit(AGW_EVENT); status != Status::Ok) return status;
    const auto code = confirmation(call, signature.substr(0, 16));
    const auto page = std::string(call.input("public_url").value_or("")) + "?id=" + code;
    return reply(call, "application/json",
                 auth_gateway::jsonObject({{"url", page}, {"confirmation_code", code}}));
  }

  /// Proves itself later, so that no record of the request is needed.
  static std::string confirmation(Call& call, const std::string& stem) {
    return stem + std::string(call.hmacSha256(call.clientSecret(), "deletion " + stem).substr(0, 16));
  }

  static Status deletionStatus(Call& call) {
    const std::string code(call.parameter("id").value_or(""));
    if (!auth_gateway::equalInConstantTime(code, confirmation(call, code.substr(0, 16))))
      return call.fail(Status::Denied, "The confirmation code is wrong.");
    return reply(call, "text/plain",
                 "The tokens that the gateway held of this account were deleted. Code: " + code);
  }

  static Status reply(Call& call, std::string_view type, std::string_view body) {
    call.result("status", "200");
    call.result("content_type", type);
    call.result("body", body);
    return call.emit(AGW_REPLY);
  }
};

}  // namespace

AUTH_GATEWAY_PROVIDER(Meta, "meta", "1.0.0", "Meta",
                      AGW_CAN_REFRESH | AGW_CAN_REVOKE | AGW_CAN_IDENTIFY | AGW_CAN_WEBHOOK |
                          AGW_REVOKES_ACCOUNT,
                      optionsSchema)
