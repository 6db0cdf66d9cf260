#include <algorithm>
#include <set>

#include "api/openapi_document.hpp"
#include "api/pages/pages.hpp"
#include "api_rig.hpp"
#include "base/encoding.hpp"

namespace agw::api {
namespace {

using test::ApiRig;
using test::bodyOf;
using test::field;
using testing::HasSubstr;
using testing::Not;

class ServiceEndpoints : public testing::Test, public ApiRig {};

TEST_F(ServiceEndpoints, Health_IsTheDocumentedBody) {
  const auto response = get("/health", "");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(
      response.body,
      R"({"status":"healthy","database":"connected","encryption":"operational","version":"1.0.0","timestamp":")" +
          toRfc3339(clock.now()) + "\"}");
}

TEST_F(ServiceEndpoints, Unhealthy_SaysWhichPart) {
  encryptionWorks = false;
  EXPECT_EQ(get("/health", "").status, 503);
  EXPECT_EQ(field(get("/health", ""), "encryption"), "failed");
  encryptionWorks = true;
  storage.failAll();
  const auto response = get("/health", "");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(field(response, "status"), "unhealthy");
  EXPECT_EQ(field(response, "database"), "unavailable");
}

// D10
TEST_F(ServiceEndpoints, Metrics_AreForKeysThatMayReadThem) {
  EXPECT_EQ(get("/metrics", "").status, 403);
  const auto no = makeKey("no", {{Operation::Token, Operation::List}, {"*"}, {"*"}});
  EXPECT_EQ(field(get("/metrics", no), "error"), "forbidden");
  const auto yes = makeKey("yes", {{Operation::Metrics}, {}, {}});
  const auto response = get("/metrics", yes);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "a_total 1\n");
  EXPECT_EQ(response.contentType, "text/plain; version=0.0.4; charset=utf-8");
}

// D8
TEST_F(ServiceEndpoints, FaultOfTheQuery_IsRefusedWhereNobodyAskedForIt) {
  Request request;
  request.method = "GET";
  request.path = "/health";
  request.requestId = "request-1";
  request.queryFault =
      Error{.kind = ErrorKind::InvalidRequest, .message = "'a' is here twice.", .facts = {{"field", {"a"}}}};
  const auto response = router->route(request);
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr(R"("field":"a")"));
}

TEST_F(ServiceEndpoints, Readiness_EndsWithShutdownOrAPart) {
  EXPECT_EQ(get("/health/ready", "").status, 200);
  shuttingDown = true;
  EXPECT_EQ(get("/health/ready", "").status, 503);
  EXPECT_EQ(get("/health/live", "").status, 200);
  shuttingDown = false;
  storage.failAll();
  EXPECT_EQ(get("/health/ready", "").status, 503);
  EXPECT_EQ(get("/health/live", "").status, 200);
}

TEST_F(ServiceEndpoints, Providers_AreListedWithTheirStateAndForThisKeyOnly) {
  directory.notConfigured("later");
  const auto all = get("/providers");
  EXPECT_EQ(bodyOf(all).at("providers").as_array().size(), 2U);
  EXPECT_THAT(all.body, HasSubstr(R"("state":"not_configured")"));
  EXPECT_THAT(all.body, HasSubstr(R"("configured":true)"));
  const auto key = makeKey("one", {{Operation::Token}, {"fake"}, {"*"}});
  EXPECT_THAT(get("/providers", key).body, Not(HasSubstr("later")));
}

boost::json::value document() {
  const auto text = openApiDocument();
  return boost::json::parse(boost::json::string_view(text.data(), text.size()));
}

TEST_F(ServiceEndpoints, OpenApi_DescribesTheRoutesAndNothingElse) {
  std::set<std::string> described;
  const auto parsed = document();
  for (const auto& path : parsed.at("paths").as_object()) {
    for (const auto& operation : path.value().as_object()) {
      std::string method(operation.key().data(), operation.key().size());
      std::transform(method.begin(), method.end(), method.begin(),
                     [](char c) { return static_cast<char>(c - 32); });
      described.insert(method + " " + std::string(path.key().data(), path.key().size()));
    }
  }
  std::set<std::string> routed;
  for (const auto& route : router->routes()) routed.insert(route.method + " " + route.pattern);
  EXPECT_EQ(described, routed);
}

TEST_F(ServiceEndpoints, OpenApi_HasTheErrorTable) {
  std::map<std::string, int> told;
  const auto parsed = document();
  for (const auto& line : parsed.at("x-errors").as_array()) {
    told[line.at("error").as_string().c_str()] = static_cast<int>(line.at("status").as_int64());
  }
  EXPECT_EQ(told, errorTable());
  const auto& words = parsed.at_pointer("/components/schemas/Error/properties/error/enum").as_array();
  EXPECT_EQ(words.size(), errorTable().size());
  for (const auto& word : words) EXPECT_TRUE(errorTable().contains(word.as_string().c_str())) << word;
}

/// Whether a value fits a schema, as far as the document uses JSON Schema; the path of the first fault, or
/// nothing.
class Fit {
 public:
  explicit Fit(const boost::json::value& root) : root_(root) {}

  std::string fault(const boost::json::value& value, const boost::json::value& given,
                    const std::string& at) const {
    const auto& schema = resolved(given).as_object();
    if (const auto* type = schema.if_contains("type"); type && !isOfType(value, *type)) return at + ": type";
    if (const auto* words = schema.if_contains("enum"); words && !contains(words->as_array(), value))
      return at + ": enum";
    if (const auto* array = value.if_array()) {
      for (const auto& element : *array) {
        if (auto wrong = fault(element, schema.at("items"), at + "[]"); !wrong.empty()) return wrong;
      }
    }
    const auto* object = value.if_object();
    return object && schema.contains("properties") ? faultOfMembers(*object, schema, at) : "";
  }

 private:
  const boost::json::value& resolved(const boost::json::value& schema) const {
    const auto* reference = schema.as_object().if_contains("$ref");
    return reference ? root_.at_pointer(reference->as_string().subview(1)) : schema;
  }
  static bool contains(const boost::json::array& array, const boost::json::value& value) {
    return std::find(array.begin(), array.end(), value) != array.end();
  }
  static bool isOfType(const boost::json::value& value, const boost::json::value& type) {
    if (const auto* several = type.if_array()) {
      return std::any_of(several->begin(), several->end(),
                         [&](const auto& one) { return isOfType(value, one); });
    }
    const auto& name = type.as_string();
    return (name == "object" && value.is_object()) || (name == "array" && value.is_array()) ||
           (name == "string" && value.is_string()) || (name == "boolean" && value.is_bool()) ||
           (name == "integer" && value.is_int64()) || (name == "null" && value.is_null());
  }
  std::string faultOfMembers(const boost::json::object& object, const boost::json::object& schema,
                             const std::string& at) const {
    const auto& properties = schema.at("properties").as_object();
    if (const auto* required = schema.if_contains("required")) {
      for (const auto& name : required->as_array()) {
        if (!object.contains(name.as_string())) return at + ": without " + name.as_string().c_str();
      }
    }
    for (const auto& member : object) {
      const std::string name(member.key().data(), member.key().size());
      if (!properties.contains(member.key())) return at + ": unknown " + name;
      if (auto wrong = fault(member.value(), properties.at(member.key()), at + "." + name); !wrong.empty())
        return wrong;
    }
    return "";
  }
  const boost::json::value& root_;
};

TEST_F(ServiceEndpoints, OpenApi_ExamplesFitTheirSchemas) {
  const auto parsed = document();
  int checked = 0;
  const auto check = [&](const boost::json::value& owner, const std::string& at) {
    const auto* content = owner.as_object().if_contains("content");
    if (!content || !content->as_object().contains("application/json")) return;
    const auto& media = content->at("application/json").as_object();
    if (!media.contains("example")) return;
    EXPECT_EQ(Fit(parsed).fault(media.at("example"), media.at("schema"), at), "");
    ++checked;
  };
  for (const auto& path : parsed.at("paths").as_object()) {
    for (const auto& operation : path.value().as_object()) {
      const std::string at = std::string(path.key().data(), path.key().size());
      if (operation.value().as_object().contains("requestBody"))
        check(operation.value().at("requestBody"), at);
      for (const auto& answer : operation.value().at("responses").as_object()) check(answer.value(), at);
    }
  }
  for (const auto& answer : parsed.at("components").at("responses").as_object())
    check(answer.value(), "responses");
  EXPECT_GE(checked, 25);
}

TEST_F(ServiceEndpoints, RealAnswers_FitTheDescription) {
  connect();
  directory.notConfigured("later");
  const auto parsed = document();
  const auto fault = [&](const Response& response, const char* schema) {
    return Fit(parsed).fault(bodyOf(response),
                             parsed.at_pointer("/components/schemas/" + std::string(schema)), schema);
  };
  EXPECT_EQ(fault(post("/auth/token", test::subject()), "Token"), "");
  EXPECT_EQ(fault(post("/auth/token", test::subject("bob@x.com")), "Error"), "");
  const auto begun = post("/auth/init", test::subject());
  EXPECT_EQ(fault(begun, "ConsentLink"), "");
  EXPECT_EQ(fault(get("/auth/status/" + field(begun, "session_id"), ""), "SessionStatus"), "");
  EXPECT_EQ(fault(get("/auth/providers/alice@x.com"), "GrantList"), "");
  EXPECT_EQ(fault(get("/providers"), "ProviderList"), "");
  EXPECT_EQ(fault(get("/health", ""), "Health"), "");
  EXPECT_EQ(fault(get("/health/ready", ""), "Probe"), "");
  EXPECT_EQ(fault(get("/providers", ""), "Error"), "");
  EXPECT_EQ(fault(ask({.method = "DELETE", .path = "/auth/revoke", .body = test::subject()}), "Revoked"), "");
  const auto offer = boost::json::serialize(boost::json::value{
      {"provider", "fake"}, {"user_email", "alice@x.com"}, {"refresh_token", keptElsewhere()}});
  EXPECT_EQ(fault(post("/auth/import", offer), "Imported"), "");
}

TEST_F(ServiceEndpoints, Docs_ShowEveryEndpointAndError) {
  const auto page = get("/docs", "");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.contentType, "text/html; charset=utf-8");
  for (const auto& route : router->routes())
    EXPECT_THAT(page.body, HasSubstr("<code>" + route.pattern + "</code>"));
  for (const auto& [word, status] : errorTable())
    EXPECT_THAT(page.body, HasSubstr("<code>" + word + "</code>"));
}

// B3: no script, no address elsewhere, no style but the one whose digest the policy has.
TEST_F(ServiceEndpoints, Pages_AreWhatTheirPolicyAllows) {
  CallbackOutcome outcome;
  outcome.provider = "P<b>";
  outcome.profile = "a***@x.com\"><script>";
  outcome.account = "<img src=x>";
  outcome.confirmationCode = "ABCD2345";
  outcome.error.message = "<svg onload=x>";
  for (const auto& page :
       {pages::success(outcome), pages::failure(outcome, "<id>"), pages::confirmation(outcome),
        pages::notice(outcome.error.message, true), get("/docs", "").body}) {
    for (const char* forbidden : {"<script", "<img", "<svg onload", "<link", "<iframe", "style=", "url(",
                                  "@import", "<b>", "<id>", "<form"}) {
      EXPECT_EQ(page.find(forbidden), std::string::npos) << forbidden;
    }
    EXPECT_THAT(page, testing::StartsWith("<!doctype html>\n<html lang=\"en\">"));
    const auto start = page.find("<style>") + 7;
    const auto style = page.substr(start, page.find("</style>") - start);
    auto digest = base64UrlEncode(sha256(style), Padding::Required);
    std::replace(digest.begin(), digest.end(), '-', '+');
    std::replace(digest.begin(), digest.end(), '_', '/');
    EXPECT_EQ(pages::contentSecurityPolicy(),
              "default-src 'none'; style-src 'sha256-" + digest +
                  "'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'");
  }
  EXPECT_EQ(test::headerOf(get("/docs", ""), "Content-Security-Policy"), pages::contentSecurityPolicy());
}

}  // namespace
}  // namespace agw::api
