#pragma once
/// A gateway for tests: it answers from a script and writes down what the plugin did. With `runFixture` of
/// testing/fixture.hpp, a test is a text file.

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth_gateway/abi.h"
#include "auth_gateway/testing/flat_json.hpp"
#include "auth_gateway/testing/hmac.hpp"
#include "auth_gateway/text.hpp"

namespace auth_gateway::testing {

struct Answer {
  int status = 200;
  std::string body;
  Parameters headers{{"Content-Type", "application/json"}};
  std::int32_t sent = AGW_OK;  ///< what `send` returns; anything else: no answer came
  std::string time = {};       ///< of its `Date` header, in seconds since 1970; empty: it tells none
};

/// What came in: the redirect of an installation, or a webhook.
struct Inbound {
  Parameters parameters;  ///< of the query
  Parameters headers;
  std::string body;
};

/// What one call of a plugin is given.
struct Given {
  std::uint32_t operation = 0;
  std::map<std::string, std::string, std::less<>> inputs;
  std::string clientId = "client-id";
  std::string clientSecret = "client-secret";
  std::string webhookSecret;
  bool privateKey = false;     ///< the entry has one; what it signs is then `signed(CLAIMS)`
  std::string options = "{}";  ///< JSON
  std::string carry;
  std::int64_t now = 1'700'000'000;
  std::string claims;  ///< JSON: of an id_token that verifies; empty: it does not
  std::vector<Answer> answers;
  Inbound inbound;
};

struct Request {
  std::string method;
  std::string url;
  Parameters headers;
  Parameters query;
  Parameters form;
  Parameters basic;
  Parameters body;
};

struct Record {
  std::uint32_t kind = 0;
  Parameters fields;

  [[nodiscard]] std::string field(std::string_view name) const {
    for (const auto& [key, value] : fields) {
      if (key == name) return value;
    }
    return {};
  }
};

/// Runs one operation. Afterwards, its members tell what happened. Of one thread.
class ScriptedHost {
 public:
  explicit ScriptedHost(Given what) : given(std::move(what)), options_(given.options), claims_(given.claims) {
    documents_.emplace_back(given.inbound.body);
  }

  std::int32_t run(const agw_provider& provider) {
    const agw_call call{sizeof(agw_call), given.operation, this, &get, &put, &send, &emit};
    return status = provider.call(&call);
  }

  [[nodiscard]] std::string result(std::string_view name) const { return Record{0, results}.field(name); }
  [[nodiscard]] std::string error(std::string_view name) const { return Record{0, errors}.field(name); }

  Given given;
  std::int32_t status = AGW_BUG;
  std::vector<Request> requests;
  std::vector<Record> records;
  Parameters results;  ///< of the operation itself, not of a record
  Parameters errors;
  Parameters verification;  ///< how an id_token was to be verified

 private:
  static ScriptedHost& self(void* host) { return *static_cast<ScriptedHost*>(host); }
  static std::string_view view(agw_text text) {
    return text.size == 0 ? std::string_view() : std::string_view(text.data, text.size);
  }

  static std::int32_t get(void* host, std::uint32_t slot, agw_text name, agw_text* value) {
    auto& me = self(host);
    const auto key = view(name);
    switch (slot) {
      case AGW_INPUT: {
        const auto found = me.given.inputs.find(key);
        return me.give(found == me.given.inputs.end() ? nullptr : &found->second, value);
      }
      case AGW_CLIENT:
        return me.giveClient(key, value);
      case AGW_OPTION:
        return me.give(me.options_.at(key), value);
      case AGW_OPTION_KEYS:
        return me.give(me.options_.keys(key), value);
      case AGW_CARRY:
        return me.give(me.given.carry.empty() ? nullptr : &me.given.carry, value);
      case AGW_NOW:
        return me.keep(std::to_string(me.given.now), value);
      case AGW_ID_TOKEN:
        if (me.given.inputs.find("id_token") == me.given.inputs.end() && me.given.inbound.body.empty())
          return AGW_ABSENT;
        return me.claims_.valid() ? me.give(me.claims_.at(key), value) : AGW_MALFORMED;
      case AGW_HMAC_SHA256:
        return me.keep(hmacSha256(me.signingKey_, key), value);
      case AGW_SIGNED_JWT:
        return me.given.privateKey ? me.keep("signed(" + std::string(key) + ")", value) : AGW_BAD_OPTION;
      default:
        return slot <= AGW_FORM || slot == AGW_ANSWER_TIME ? me.getAnswer(slot, key, value)
                                                           : me.getInbound(slot, key, value);
    }
  }

  std::int32_t giveClient(std::string_view key, agw_text* value) const {
    if (key == "id") return give(&given.clientId, value);
    if (key == "secret") return give(&given.clientSecret, value);
    return give(key == "webhook_secret" && !given.webhookSecret.empty() ? &given.webhookSecret : nullptr,
                value);
  }

  std::int32_t getInbound(std::uint32_t slot, std::string_view key, agw_text* value) {
    const auto& inbound = given.inbound;
    switch (slot) {
      case AGW_PARAMETER:
        return give(first(inbound.parameters, key), value);
      case AGW_INBOUND_HEADER:
        return give(header(inbound.headers, key), value);
      case AGW_INBOUND_BODY:
        return give(&inbound.body, value);
      case AGW_INBOUND_FORM:
        return getForm(inbound.body, key, value);
      case AGW_DOCUMENT:
        return give(documents_.back().at(key), value);
      default:
        return AGW_UNSUPPORTED;
    }
  }

  std::int32_t getAnswer(std::uint32_t slot, std::string_view key, agw_text* value) {
    if (slot != AGW_ANSWER_TIME && (slot < AGW_STATUS || slot > AGW_FORM)) return AGW_UNSUPPORTED;
    if (!answered_) return AGW_ABSENT;
    if (slot == AGW_ANSWER_TIME) return give(answer_.time.empty() ? nullptr : &answer_.time, value);
    if (slot == AGW_STATUS) return keep(std::to_string(answer_.status), value);
    if (slot == AGW_JSON) return give(parsed_.back().at(key), value);
    // The answer may be another when the plugin reads on.
    if (slot == AGW_HEADER) {
      const auto* found = header(answer_.headers, key);
      return found == nullptr ? AGW_ABSENT : keep(*found, value);
    }
    return parsed_.back().valid() ? AGW_ABSENT : getForm(answer_.body, key, value);
  }

  static const std::string* first(const Parameters& pairs, std::string_view key) {
    for (const auto& pair : pairs) {
      if (pair.first == key) return &pair.second;
    }
    return nullptr;
  }
  static const std::string* header(const Parameters& headers, std::string_view key) {
    for (const auto& pair : headers) {
      if (lower(pair.first) == lower(key)) return &pair.second;
    }
    return nullptr;
  }

  std::int32_t getForm(std::string_view body, std::string_view key, agw_text* value) {
    std::string_view rest = body;
    while (!rest.empty()) {
      const auto pair = rest.substr(0, rest.find('&'));
      rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
      const auto equals = pair.find('=');
      if (equals != std::string_view::npos && pair.substr(0, equals) == key)
        return keep(decoded(pair.substr(equals + 1)), value);
    }
    return AGW_ABSENT;
  }

  static std::int32_t put(void* host, std::uint32_t slot, agw_text name, agw_text value) {
    auto& me = self(host);
    std::pair<std::string, std::string> pair(view(name), view(value));
    switch (slot) {
      case AGW_METHOD:
        me.next_.method = pair.second;
        break;
      case AGW_URL:
        me.next_.url = pair.second;
        break;
      case AGW_REQUEST_HEADER:
        me.next_.headers.push_back(std::move(pair));
        break;
      case AGW_QUERY:
        me.next_.query.push_back(std::move(pair));
        break;
      case AGW_FORM_FIELD:
        me.next_.form.push_back(std::move(pair));
        break;
      case AGW_BODY:
        me.next_.body.push_back(std::move(pair));
        break;
      case AGW_BASIC:
        me.next_.basic.push_back(std::move(pair));
        break;
      case AGW_RESULT:
        me.results.push_back(std::move(pair));
        break;
      case AGW_ERROR:
        me.errors.push_back(std::move(pair));
        break;
      case AGW_VERIFY:
        me.verification.push_back(std::move(pair));
        break;
      case AGW_SIGN:
        me.signingKey_ = pair.second;
        break;
      case AGW_PARSE:
        me.documents_.emplace_back(pair.second);
        break;
      default:
        return AGW_UNSUPPORTED;
    }
    return AGW_OK;
  }

  static std::int32_t send(void* host) {
    auto& me = self(host);
    if (me.next_.method.empty())
      me.next_.method = me.next_.form.empty() && me.next_.body.empty() ? "GET" : "POST";
    me.requests.push_back(std::exchange(me.next_, {}));
    const auto number = me.requests.size() - 1;
    if (number >= me.given.answers.size()) return AGW_TRANSIENT;
    me.answer_ = me.given.answers[number];
    if (me.answer_.sent != AGW_OK) return me.answer_.sent;
    me.answered_ = true;
    me.parsed_.emplace_back(me.answer_.body);
    return AGW_OK;
  }

  static std::int32_t emit(void* host, std::uint32_t record) {
    auto& me = self(host);
    if (record < AGW_TOKEN || record > AGW_DEVICE_GRANT) return AGW_UNSUPPORTED;
    me.records.push_back({record, std::exchange(me.results, {})});
    return AGW_OK;
  }

  std::int32_t give(const std::string* text, agw_text* value) const {
    if (text == nullptr) return AGW_ABSENT;
    *value = agw_text{text->data(), text->size()};
    return AGW_OK;
  }
  std::int32_t keep(std::string text, agw_text* value) {
    kept_.push_back(std::move(text));
    return give(&kept_.back(), value);
  }

  static std::string lower(std::string_view text) {
    std::string small(text);
    for (char& character : small) {
      if (character >= 'A' && character <= 'Z') character = static_cast<char>(character + ('a' - 'A'));
    }
    return small;
  }
  static std::string decoded(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '%' && at + 2 < text.size()) {
        plain += static_cast<char>(std::stoi(std::string(text.substr(at + 1, 2)), nullptr, 16));
        at += 2;
      } else {
        plain += text[at] == '+' ? ' ' : text[at];
      }
    }
    return plain;
  }

  FlatJson options_;
  FlatJson claims_;
  std::deque<FlatJson> documents_;
  std::string signingKey_;
  Request next_;
  Answer answer_;
  bool answered_ = false;
  std::deque<FlatJson> parsed_;
  std::deque<std::string> kept_;
};

}  // namespace auth_gateway::testing
