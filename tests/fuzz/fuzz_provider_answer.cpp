// Whatever a provider answers: nothing breaks, a token that comes out can be carried in a header, a grant
// ends by a listed word alone, and no error quotes what was sent or answered.
#include <algorithm>
#include <array>

#include "check.hpp"
#include "unit/plugin/scripted_services.hpp"

extern "C" const agw_provider* auth_gateway_provider_v1(void);

namespace {

using namespace agw;

/// Input: status, kind of body, operation, provider; then the body.
struct Case {
  int status;
  const char* contentType;
  unsigned operation;
  bool builtin;
  std::string body;
};

Case caseOf(std::string_view input) {
  constexpr std::array statuses{200, 400, 401, 403, 429, 500, 302, 204};
  constexpr std::array types{"application/json", "application/x-www-form-urlencoded", "text/html",
                             "text/plain"};
  const auto first = static_cast<unsigned char>(input[0]);
  const auto second = static_cast<unsigned char>(input[1]);
  return {.status = statuses[first % statuses.size()],
          .contentType = types[(first / statuses.size()) % types.size()],
          .operation = second % 3U,
          .builtin = (second & 0x80U) != 0,
          .body = std::string(input.substr(2))};
}

bool isCarriable(const Secret& token) {
  const auto text = token.reveal();
  return text.size() <= 60'000 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < '\x7f'; });
}

void checkError(const Error& error, const Case& given) {
  const auto told = error.message + error.detail;
  // What this operation was not given, the host cannot know for a secret.
  const char* token = given.operation == 0   ? "code-12345"
                      : given.operation == 1 ? "refresh-token-1"
                                             : "access-token-1";
  for (const auto* secret : {"hush-hush-hush", token}) FUZZ_CHECK(told.find(secret) == std::string::npos);
  FUZZ_CHECK(error.kind != ErrorKind::Bug && error.kind != ErrorKind::Integrity);
  if (error.kind == ErrorKind::GrantDead) {
    FUZZ_CHECK(given.operation == 1 && given.body.find("invalid_") != std::string::npos);
  }
}

void checkTokens(const Result<TokenSet>& tokens, const Case& given) {
  if (!tokens) return checkError(tokens.error(), given);
  FUZZ_CHECK(!tokens->accessToken.empty());
  for (const auto* token : {&tokens->accessToken, &tokens->refreshToken, &tokens->idToken})
    FUZZ_CHECK(isCarriable(*token));
  FUZZ_CHECK(!tokens->expiresIn || tokens->expiresIn->count() > 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto given = caseOf(asText(data, size));
  test::ScriptedServices services;
  services.answer(given.status, given.body, given.contentType);
  const auto plugin = adoptPlugin(given.builtin ? builtinOauth2() : auth_gateway_provider_v1());
  FUZZ_CHECK(plugin.ok());
  const auto provider = makeProvider(*plugin, test::gatewayConfig(test::corpOptions()), services);
  if (given.operation == 0) {
    checkTokens(provider->exchange({Secret("code-12345"), Secret("verifier-12345"), {}}), given);
  } else if (given.operation == 1) {
    checkTokens(provider->refresh({Secret("refresh-token-1"), Secret("access-token-1"), {}, Secret()}),
                given);
  } else {
    TokenSet tokens;
    tokens.accessToken = Secret("access-token-1");
    const auto identity = provider->identify(tokens, "nonce");
    if (!identity) {
      checkError(identity.error(), given);
    } else {
      FUZZ_CHECK(!identity->subject.empty() && identity->subject.size() <= 1024);
    }
  }
  return 0;
}
