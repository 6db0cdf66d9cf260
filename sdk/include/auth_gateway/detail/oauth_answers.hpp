#pragma once
// How OAuthProvider reads answers. Included by oauth_provider.hpp.

namespace auth_gateway {

inline Text OAuthProvider::errorWord(const Call& call, const Dialect& dialect) {
  Text word = call.json(dialect.errorPointer);
  if (!word) word = call.form("error");
  if (!word || word->empty() || word->size() > 64) return std::nullopt;
  for (const char character : *word) {
    const bool allowed = (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
                         (character >= '0' && character <= '9') || character == '_' || character == '-' ||
                         character == '.';
    if (!allowed) return std::nullopt;
  }
  return word == "false" || word == "true" ? std::nullopt : word;
}

inline Status OAuthProvider::readToken(Call& call, const Dialect& dialect, Stage stage) const {
  const bool success = call.httpStatus() >= 200 && call.httpStatus() < 300;
  // Some report errors under HTTP 200.
  if (!success || errorWord(call, dialect)) return judge(call, dialect, stage);
  if (!call.field("access_token")) return call.fail(Status::Malformed, "The answer has no access_token.");
  return emitToken(call);
}

inline std::string OAuthProvider::answeredScopes(std::vector<std::string> scopes) const {
  for (auto& scope : scopes) scope = answeredScope(scope);
  scopes.erase(std::remove(scopes.begin(), scopes.end(), std::string()), scopes.end());
  return joinScopes(scopes, " ");
}

inline Status OAuthProvider::emitToken(Call& call, const std::string& pointer, std::string_view kind) const {
  const auto read = [&](std::string_view name) {
    return pointer.empty() ? call.field(name) : call.plain(pointer + "/" + std::string(name));
  };
  const auto life = [&](std::string_view name) -> std::optional<std::string> {
    const auto seconds = lifetime(read(name).value_or(""));
    return seconds ? std::optional(std::to_string(*seconds)) : std::nullopt;
  };
  for (const auto* name : {"access_token", "refresh_token", "id_token", "token_type"})
    call.result(name, read(name));
  if (const auto seconds = life("expires_in")) call.result("expires_in", *seconds);
  auto refreshLife = life("refresh_token_expires_in");
  if (!refreshLife) refreshLife = life("refresh_expires_in");
  if (refreshLife) call.result("refresh_expires_in", *refreshLife);

  auto scopes = splitScopes(read("scope").value_or(""));
  if (const auto first = call.json(pointer + "/scope/0")) {  // an array, against RFC 6749 section 5.1
    scopes.clear();
    for (Text scope = first; scope;) {
      scopes.emplace_back(*scope);
      scope = call.json(pointer + "/scope/" + std::to_string(scopes.size()));
    }
  }
  if (!scopes.empty()) call.result("scopes", answeredScopes(std::move(scopes)));
  if (!kind.empty()) call.result("kind", kind);
  return call.emit(AGW_TOKEN);
}

inline Status OAuthProvider::emitIdentity(Call& call, const Dialect& dialect, const Claims& claims) const {
  const auto subject = claims("/sub");
  if (!subject || subject->empty() || subject->front() == '{' || subject->front() == '[')
    return call.fail(Status::Malformed, "The answer names no account.");
  if (const auto status = acceptAccount(call, claims); status != Status::Ok) return status;
  // One spelling of the issuer, so that an account stays the same account.
  call.result("issuer", dialect.issuers.empty() ? dialect.userinfoUrl : dialect.issuers.front());
  call.result("subject", subject);
  if (const auto email = claims("/email"); email && !email->empty()) {
    call.result("email", email);
    if (emailVerified(call, claims, *email)) call.result("email_verified", "true");
  }
  return call.emit(AGW_IDENTITY);
}

inline Status OAuthProvider::judge(Call& call, const Dialect& dialect, Stage stage) const {
  const int http = call.httpStatus();
  const auto word = errorWord(call, dialect);
  const auto& words = dialect.words;
  const auto in = [&](const std::vector<std::string>& list) {
    return word && std::find(list.begin(), list.end(), *word) != list.end();
  };
  if (word) call.errorWord(*word);
  if (http == 429 || in(words.rateLimited)) return Status::RateLimited;
  if (http >= 500 || http == 408) return Status::Transient;
  if (stage == Stage::Identify && (http == 401 || http == 403)) {
    return call.fail(
        Status::BadOption,
        "It does not tell who consented: ask for the scopes that userinfo needs, such as openid and email.");
  }
  // Without a word there is no statement about the grant: a firewall's page looks just like this.
  if (!word) return http < 400 ? Status::Malformed : Status::Transient;
  if (stage == Stage::Revoke && (in(words.gone) || in(words.dead))) return Status::Ok;
  if (stage == Stage::Revoke && in(words.unsupported)) return Status::Unsupported;
  if (stage == Stage::Refresh && in(words.dead)) return Status::GrantDead;
  if (stage == Stage::Device && (in(words.expired) || in(words.dead))) {
    return call.fail(Status::Denied, "The code's time is over: start again.");
  }
  if (stage == Stage::Exchange && in(words.dead)) {
    return call.fail(Status::Denied, "The code was used already or is too old: start again.");
  }
  if ((stage == Stage::Exchange || stage == Stage::Device) && in(words.denied)) return Status::Denied;
  if (in(words.client)) return Status::BadClient;
  if (in(words.option)) {
    return call.fail(Status::BadOption,
                     "It answers " + std::string(*word) + ": check the scopes and the options.");
  }
  return Status::Transient;
}

}  // namespace auth_gateway
