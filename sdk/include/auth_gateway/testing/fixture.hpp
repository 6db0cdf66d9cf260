#pragma once

#include <sstream>
#include <string>

#include "auth_gateway/testing.hpp"

/// A test as a text file: what the plugin is given, a line `---`, what it must do.
///
///     # any comment
///     call refresh
///     client_id gateway
///     option {"access_type":"offline"}
///     input refresh_token 1//old
///     answer 200 {"access_token":"new","expires_in":3599}
///     ---
///     POST https://oauth2.example.com/token
///       header Accept: application/json
///       form grant_type=refresh_token
///     TOKEN
///       access_token=new
///       expires_in=3599
///     OK
///
/// Further lines before `---`: `client_secret`, `carry`, `now` (seconds), `claims` (JSON of an id_token that
/// verifies), `header NAME: VALUE` (of the answer above it), `answer-time` (seconds: the Date of the answer
/// above it), `no-answer` (the request fails on the way), `webhook_secret`, `private_key` (there is one).
/// What came in: `parameter NAME VALUE`, `inbound-header NAME: VALUE`, `inbound-body TEXT` (more of them:
/// more lines of it). The host's HMAC is real; what it signs as a JWT reads `signed(CLAIMS)`.
namespace auth_gateway::testing {

struct Outcome {
  std::string expected;
  std::string actual;
};

namespace detail {

inline constexpr const char* operationNames[] = {
    "",         "authorize",     "exchange",           "refresh",  "revoke",
    "identify", "installations", "installation_token", "callback", "webhook",
    "device",   "describe",      "device_token"};
inline constexpr const char* statusNames[] = {"OK",         "ABSENT",    "UNSUPPORTED", "BAD_OPTION",
                                              "BAD_CLIENT", "DENIED",    "GRANT_DEAD",  "RATE_LIMITED",
                                              "TRANSIENT",  "MALFORMED", "BUG",         "PENDING"};
inline constexpr const char* recordNames[] = {"",      "TOKEN", "IDENTITY",    "INSTALLATION",
                                              "EVENT", "REPLY", "DEVICE_GRANT"};

inline std::string statusName(std::int32_t status) {
  return status >= 0 && status <= AGW_PENDING ? statusNames[status] : std::to_string(status);
}

inline bool applyAnswer(const std::string& word, const std::string& first, const std::string& second,
                        std::vector<Answer>& answers) {
  if (word == "answer") {
    answers.push_back({std::stoi(first), second});
  } else if (word == "no-answer") {
    answers.push_back({0, "", {}, AGW_TRANSIENT});
  } else if (word == "header" && !answers.empty()) {
    answers.back().headers.emplace_back(first.substr(0, first.find(':')), second);
  } else if (word == "answer-time" && !answers.empty()) {
    answers.back().time = first;
  } else {
    return false;
  }
  return true;
}

inline bool applyInbound(const std::string& word, const std::string& rest, const std::string& first,
                         const std::string& second, Inbound& inbound) {
  if (word == "parameter") {
    inbound.parameters.emplace_back(first, second);
  } else if (word == "inbound-header") {
    inbound.headers.emplace_back(first.substr(0, first.find(':')), second);
  } else if (word == "inbound-body") {
    inbound.body += (inbound.body.empty() ? "" : "\n") + rest;
  } else {
    return false;
  }
  return true;
}

inline bool apply(const std::string& word, const std::string& rest, Given& given) {
  const auto space = rest.find(' ');
  const auto first = rest.substr(0, space);
  const auto second = space == std::string::npos ? std::string() : rest.substr(space + 1);
  if (word == "call") {
    for (std::uint32_t operation = AGW_AUTHORIZE; operation <= AGW_DEVICE_TOKEN; ++operation) {
      if (rest == operationNames[operation]) given.operation = operation;
    }
    return given.operation != 0;
  }
  if (word == "client_id")
    given.clientId = rest;
  else if (word == "client_secret")
    given.clientSecret = rest;
  else if (word == "webhook_secret")
    given.webhookSecret = rest;
  else if (word == "private_key")
    given.privateKey = true;
  else if (word == "option")
    given.options = rest;
  else if (word == "input")
    given.inputs[first] = second;
  else if (word == "carry")
    given.carry = rest;
  else if (word == "now")
    given.now = std::stoll(rest);
  else if (word == "claims")
    given.claims = rest;
  else
    return applyAnswer(word, first, second, given.answers) ||
           applyInbound(word, rest, first, second, given.inbound);
  return true;
}

inline void write(std::ostream& out, const char* prefix, const Parameters& pairs, const char* between = "=") {
  for (const auto& [name, value] : pairs) out << "  " << prefix << name << between << value << '\n';
}

inline std::string written(const ScriptedHost& host) {
  std::ostringstream out;
  for (const auto& request : host.requests) {
    out << request.method << ' ' << request.url << '\n';
    write(out, "header ", request.headers, ": ");
    write(out, "basic ", request.basic, " ");
    write(out, "query ", request.query);
    write(out, "form ", request.form);
    write(out, "body ", request.body, " ");
  }
  write(out, "verify ", host.verification);
  for (const auto& record : host.records) {
    out << recordNames[record.kind] << '\n';
    write(out, "", record.fields);
  }
  write(out, "result ", host.results);
  write(out, "error ", host.errors);
  out << statusName(host.status) << '\n';
  return out.str();
}

}  // namespace detail

/// Runs a fixture. The test passes when both texts are the same.
inline Outcome runFixture(const agw_provider& provider, const std::string& fixture) {
  Given given;
  std::istringstream lines(fixture);
  std::string line;
  bool asked = false;
  while (std::getline(lines, line) && line != "---") {
    if (line.empty() || line[0] == '#') continue;
    const auto space = line.find(' ');
    const auto rest = space == std::string::npos ? std::string() : line.substr(space + 1);
    if (!detail::apply(line.substr(0, space), rest, given)) return {"a line that fixtures know", line};
    asked = true;
  }
  if (!asked || given.operation == 0) return {"a line: call OPERATION", "none"};
  std::string expected;
  while (std::getline(lines, line)) expected += line + '\n';
  ScriptedHost host(std::move(given));
  host.run(provider);
  return {expected, detail::written(host)};
}

}  // namespace auth_gateway::testing
