#pragma once
// RFC 8628. Included by oauth_provider.hpp.

namespace auth_gateway {

inline Status OAuthProvider::device(Call& call, const Dialect& dialect) const {
  if (dialect.deviceAuthorizationUrl.empty()) return Status::Unsupported;
  Parameters form;
  if (!dialect.authenticateDevice) form.emplace_back("client_id", call.clientId());
  const auto scopes = splitScopes(call.input("scopes").value_or(""));
  if (!scopes.empty()) form.emplace_back("scope", joinScopes(scopes, dialect.scopeSeparator));
  const auto sent =
      sendForm(call, dialect, dialect.deviceAuthorizationUrl, std::move(form), dialect.authenticateDevice);
  if (sent != Status::Ok) return sent;
  if (call.httpStatus() != 200 || errorWord(call, dialect)) return judge(call, dialect, Stage::Device);

  // Older answers say verification_url.
  const auto either = [&](const char* name, const char* older) {
    const auto value = call.field(name);
    return value ? value : call.field(older);
  };
  const auto address = either("verification_uri", "verification_url");
  const auto life = lifetime(call.field("expires_in").value_or(""));
  if (!call.field("device_code") || !call.field("user_code") || !address || !life) {
    return call.fail(Status::Malformed, "The answer is no device authorization.");
  }
  call.result("device_code", call.field("device_code"));
  call.result("user_code", call.field("user_code"));
  call.result("verification_uri", address);
  call.result("verification_uri_complete", either("verification_uri_complete", "verification_url_complete"));
  call.result("expires_in", std::to_string(*life));
  if (const auto interval = lifetime(call.field("interval").value_or("")))
    call.result("interval", std::to_string(*interval));
  return call.emit(AGW_DEVICE_GRANT);
}

inline Status OAuthProvider::deviceToken(Call& call, const Dialect& dialect) const {
  if (dialect.deviceAuthorizationUrl.empty()) return Status::Unsupported;
  if (dialect.tokenUrl.empty()) return call.fail(Status::BadOption, "Set token_url.");
  Parameters form{{"grant_type", "urn:ietf:params:oauth:grant-type:device_code"},
                  {"device_code", std::string(call.input("device_code").value_or(""))}};
  if (const auto status = addExtra(call, dialect.tokenParameters, form); status != Status::Ok) return status;
  if (const auto sent = sendForm(call, dialect, dialect.tokenUrl, std::move(form)); sent != Status::Ok)
    return sent;
  // RFC 8628 section 3.5. Some answer 403 or 428 here, some 200.
  const auto word = errorWord(call, dialect);
  const auto& pending = dialect.words.pending;
  const bool slower = word == "slow_down";
  if (word && call.httpStatus() < 500 &&
      (slower || std::find(pending.begin(), pending.end(), *word) != pending.end())) {
    call.errorWord(*word);
    return Status::Pending;
  }
  const auto status = readToken(call, dialect, Stage::Device);
  const auto among = [&](const std::vector<std::string>& words) {
    return word && std::find(words.begin(), words.end(), *word) != words.end();
  };
  // One word for it, whatever the provider calls it.
  if (status == Status::Denied && (among(dialect.words.expired) || among(dialect.words.dead)))
    call.errorWord("expired_token");
  return status;
}

}  // namespace auth_gateway
