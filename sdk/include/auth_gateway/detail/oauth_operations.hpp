#pragma once
// The requests of OAuthProvider. Included by oauth_provider.hpp.

namespace auth_gateway {

inline Status OAuthProvider::run(Call& call) const {
  Dialect habits = dialect(call);
  applyOptions(call, habits);
  switch (call.operation()) {
    case AGW_AUTHORIZE:
      return authorize(call, habits);
    case AGW_EXCHANGE:
      return exchange(call, habits);
    case AGW_REFRESH:
      return refresh(call, habits);
    case AGW_REVOKE:
      return revoke(call, habits);
    case AGW_IDENTIFY:
      return identify(call, habits);
    case AGW_DESCRIBE:
      return describe(call, habits);
    case AGW_INSTALLATIONS:
      return installations(call, habits);
    case AGW_INSTALLATION_TOKEN:
      return installationToken(call, habits);
    case AGW_CALLBACK:
      return callback(call, habits);
    case AGW_WEBHOOK:
      return webhook(call, habits);
    case AGW_DEVICE:
      return device(call, habits);
    case AGW_DEVICE_TOKEN:
      return deviceToken(call, habits);
    default:
      return other(call, habits);
  }
}

inline Status OAuthProvider::authorize(Call& call, const Dialect& dialect) const {
  if (dialect.authorizationUrl.empty()) return call.fail(Status::BadOption, "Set authorization_url.");
  const auto scopes = splitScopes(call.input("scopes").value_or(""));
  Parameters query{{"response_type", "code"},
                   {"client_id", std::string(call.clientId())},
                   {"redirect_uri", std::string(call.input("redirect_uri").value_or(""))}};
  if (!scopes.empty()) query.emplace_back("scope", joinScopes(scopes, dialect.scopeSeparator));
  query.emplace_back("state", call.input("state").value_or(""));
  if (const auto challenge = call.input("code_challenge"); challenge && dialect.pkce) {
    query.emplace_back("code_challenge", *challenge);
    query.emplace_back("code_challenge_method", "S256");
  }
  const bool openId = std::find(scopes.begin(), scopes.end(), "openid") != scopes.end();
  if (const auto nonce = call.input("nonce"); nonce && openId) query.emplace_back("nonce", *nonce);
  if (const auto hint = call.input("login_hint"); hint && !dialect.loginHintParameter.empty())
    query.emplace_back(dialect.loginHintParameter, *hint);
  if (const auto status = addExtra(call, dialect.authorizationParameters, query); status != Status::Ok)
    return status;
  call.result("url", withQuery(dialect.authorizationUrl, query));
  return Status::Ok;
}

inline Status OAuthProvider::exchange(Call& call, const Dialect& dialect) const {
  Parameters form{{"grant_type", "authorization_code"},
                  {"code", std::string(call.input("code").value_or(""))},
                  {"redirect_uri", std::string(call.input("redirect_uri").value_or(""))}};
  if (const auto verifier = call.input("code_verifier"); verifier && dialect.pkce) {
    form.emplace_back("code_verifier", *verifier);
  }
  return requestToken(call, dialect, std::move(form), Stage::Exchange);
}

inline Status OAuthProvider::refresh(Call& call, const Dialect& dialect) const {
  const auto token = call.input("refresh_token");
  if (!token) return Status::Unsupported;
  return requestToken(call, dialect,
                      {{"grant_type", "refresh_token"}, {"refresh_token", std::string(*token)}},
                      Stage::Refresh);
}

inline Status OAuthProvider::requestToken(Call& call, const Dialect& dialect, Parameters parameters,
                                          Stage stage) const {
  if (dialect.tokenUrl.empty()) return call.fail(Status::BadOption, "Set token_url.");
  if (const auto status = addExtra(call, dialect.tokenParameters, parameters); status != Status::Ok)
    return status;
  if (const auto status = sendForm(call, dialect, dialect.tokenUrl, std::move(parameters));
      status != Status::Ok) {
    return status;
  }
  return readToken(call, dialect, stage);
}

inline Status OAuthProvider::revoke(Call& call, const Dialect& dialect) const {
  if (dialect.revocationUrl.empty()) return Status::Unsupported;
  // RFC 7009 section 2.1: with the refresh token go the access tokens of its grant; the reverse is not
  // promised.
  auto status = Status::Ok;
  for (const auto* kind : {"refresh_token", "access_token"}) {
    const auto token = call.input(kind);
    if (!token) continue;
    Parameters form{{"token", std::string(*token)}, {"token_type_hint", kind}};
    const auto sent =
        sendForm(call, dialect, dialect.revocationUrl, std::move(form), dialect.authenticateRevocation);
    if (sent != Status::Ok) return sent;
    const auto word = errorWord(call, dialect);
    if (!word && call.httpStatus() >= 200 && call.httpStatus() < 300) return Status::Ok;
    const auto& unsupported = dialect.words.unsupported;
    const bool otherKind =
        word && std::find(unsupported.begin(), unsupported.end(), *word) != unsupported.end();
    status = judge(call, dialect, Stage::Revoke);
    if (status != Status::Unsupported || !otherKind) return status;
  }
  return status;
}

inline Status OAuthProvider::identify(Call& call, const Dialect& dialect) const {
  if (call.input("id_token") && !dialect.jwksUrl.empty() && !dialect.issuers.empty()) {
    if (const auto status = call.verifyIdToken(dialect.issuers, dialect.jwksUrl); status != Status::Ok)
      return status;
    return emitIdentity(call, dialect, [&](std::string_view pointer) { return call.claim(pointer); });
  }
  if (dialect.userinfoUrl.empty()) return Status::Unsupported;
  call.url(dialect.userinfoUrl);
  call.requestHeader("Accept", "application/json");
  call.bearer(call.input("access_token").value_or(""));
  if (const auto status = call.send(); status != Status::Ok) return status;
  if (call.httpStatus() != 200) return judge(call, dialect, Stage::Identify);
  return emitIdentity(call, dialect, [&](std::string_view pointer) { return call.json(pointer); });
}

inline Status OAuthProvider::describe(Call& call, const Dialect& dialect) const {
  for (const auto& issuer : dialect.issuers) call.result("issuer", issuer);
  if (dialect.issuerInCallback) call.result("issuer_required", "true");
  const auto seconds = [&](std::string_view name, Dialect::Seconds life) {
    if (life) call.result(name, std::to_string(*life));
  };
  seconds("access_ttl_default", dialect.accessTtlDefault);
  seconds("refresh_grace", dialect.refreshGrace);
  seconds("refresh_idle_ttl", dialect.refreshIdleTtl);
  seconds("renew_before", dialect.renewBefore);
  if (dialect.refreshPerAccount) call.result("refresh_per_account", "true");
  if (dialect.capabilities) call.result("capabilities", std::to_string(*dialect.capabilities));
  if (const auto asked = call.input("scopes")) {
    call.result("scopes", answeredScopes(splitScopes(*asked)));
  }
  return Status::Ok;
}

inline Status OAuthProvider::callback(Call& call, const Dialect&) const {
  if (const auto error = call.parameter("error")) {
    call.result("error", error);
    return Status::Ok;
  }
  const auto code = call.parameter("code");
  if (!code || code->empty()) return call.fail(Status::Malformed, "The redirect has neither code nor error.");
  call.result("code", code);
  return Status::Ok;
}

inline Status OAuthProvider::sendForm(Call& call, const Dialect& dialect, std::string_view address,
                                      Parameters parameters, bool authenticate) {
  call.method("POST");
  call.url(address);
  call.requestHeader("Accept", "application/json");
  if (authenticate) {
    if (dialect.clientAuth == ClientAuth::Basic) {
      call.basic(call.clientId(), call.clientSecret());
    } else {
      parameters.emplace_back("client_id", call.clientId());
    }
    if (dialect.clientAuth == ClientAuth::Post) parameters.emplace_back("client_secret", call.clientSecret());
  }
  if (dialect.requestFormat == RequestFormat::Json) {
    call.body("application/json", jsonObject(parameters));
  } else {
    for (const auto& [name, value] : parameters) call.formField(name, value);
  }
  return call.send();
}

inline Status OAuthProvider::addExtra(Call& call, const Parameters& extra, Parameters& parameters) {
  static constexpr std::string_view reserved[] = {
      "response_type", "client_id",      "client_secret", "redirect_uri",          "scope",
      "state",         "code_challenge", "nonce",         "code_challenge_method", "grant_type",
      "code",          "refresh_token",  "code_verifier"};
  for (const auto& parameter : extra) {
    if (std::find(std::begin(reserved), std::end(reserved), parameter.first) != std::end(reserved)) {
      return call.fail(Status::BadOption,
                       "Remove the extra parameter " + parameter.first + ": the gateway sets it itself.");
    }
    parameters.push_back(parameter);
  }
  return Status::Ok;
}

}  // namespace auth_gateway
