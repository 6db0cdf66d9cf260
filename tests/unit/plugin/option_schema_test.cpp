#include "plugin/option_schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "plugin/plugin.hpp"

namespace agw {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> faults(const std::string& schema, const std::string& options) {
  Plugin plugin;
  plugin.optionsSchema = schema;
  std::vector<std::string> lines;
  for (const auto& fault : checkOptions(plugin, boost::json::parse(options).as_object())) {
    lines.push_back(fault.pointer + ": " + fault.message);
  }
  return lines;
}

const char* const schema = R"({
  "type": "object", "additionalProperties": false, "required": ["tenant"],
  "properties": {
    "tenant": {"type": "string", "minLength": 2, "maxLength": 4},
    "access_type": {"enum": ["offline", "online"]},
    "token_url": {"type": "string", "format": "uri"},
    "life": {"type": "integer", "minimum": 1, "maximum": 10},
    "issuer": {"type": ["string", "array"], "items": {"type": "string"}, "minItems": 1},
    "extra": {"type": "object", "additionalProperties": {"type": "string"}},
    "never": false
  }
})";

TEST(OptionSchema, RightOptions_HaveNoFault) {
  EXPECT_THAT(faults(schema, R"({"tenant":"abc","access_type":"online","token_url":"https://a.example/t?x=1",
                                 "life":10,"issuer":["a","b"],"extra":{"p":"q"}})"),
              IsEmpty());
}

TEST(OptionSchema, AllFaults_AreReportedAtOnceWithTheirPlaces) {
  EXPECT_THAT(faults(schema, R"({"access_type":"ofline","life":11,"extra":{"a/b":1},"issuer":[1]})"),
              ElementsAre("/access_type: Allowed: offline or online.", "/life: At most 10.",
                          "/extra/a~1b: Found integer; allowed: string.",
                          "/issuer/0: Found integer; allowed: string.", "/tenant: This is missing."));
}

TEST(OptionSchema, UnknownKey_NamesTheNearestKnownOne) {
  EXPECT_THAT(faults(schema, R"({"tenant":"abc","acess_type":"offline"})"),
              ElementsAre("/acess_type: There is no such option. Did you mean access_type?"));
  EXPECT_THAT(faults(schema, R"({"tenant":"abc","zzzzzzzzzz":1})"),
              ElementsAre(HasSubstr("Allowed: tenant, access_type, ")));
}

TEST(OptionSchema, Bounds_AreInclusive) {
  EXPECT_THAT(faults(schema, R"({"tenant":"a"})"), ElementsAre("/tenant: At least 2 characters."));
  EXPECT_THAT(faults(schema, R"({"tenant":"abcde"})"), ElementsAre("/tenant: At most 4 characters."));
  EXPECT_THAT(faults(schema, R"({"tenant":""})"), ElementsAre("/tenant: This is empty."));
  EXPECT_THAT(faults(schema, R"({"tenant":"ab","life":0})"), ElementsAre("/life: At least 1."));
  EXPECT_THAT(faults(schema, R"({"tenant":"ab","issuer":[]})"),
              ElementsAre("/issuer: At least 1 in the list."));
  EXPECT_THAT(faults(schema, R"({"tenant":"ab","never":1})"), ElementsAre("/never: This cannot be set."));
}

TEST(OptionSchema, Addresses_AreWebAddressesWithoutFragment) {
  for (const char* address : {"ftp://a.example/", "a.example", "https://", "https://a.example/#f",
                              "https://a b/", "javascript:x"}) {
    EXPECT_THAT(faults(schema, R"({"tenant":"ab","token_url":")" + std::string(address) + "\"}"),
                testing::SizeIs(1))
        << address;
  }
}

TEST(OptionSchema, RuleThatNobodyEnforces_RefusesTheSchema) {
  for (const char* wrong :
       {R"({"pattern":"a"})", R"({"properties":{"a":{"oneOf":[]}}})", R"({"items":3})", R"({"type":4})",
        R"({"minimum":"1"})", R"({"required":"a"})", R"({"format":"email"})", "[]", "{"}) {
    EXPECT_FALSE(checkSchema(wrong).ok()) << wrong;
  }
  EXPECT_TRUE(checkSchema(schema).ok());
}

TEST(OptionSchema, BuiltinProvider_AcceptsItsDocumentedOptions) {
  const auto plugin = adoptPlugin(builtinOauth2());
  ASSERT_TRUE(plugin.ok());
  const auto options = boost::json::parse(R"({
    "authorization_url": "https://id.corp.example/auth", "token_url": "https://id.corp.example/token",
    "revocation_url": "https://id.corp.example/revoke", "userinfo_url": "https://id.corp.example/userinfo",
    "issuer": "https://id.corp.example", "authorization_params": {"prompt": "consent"}})");
  EXPECT_TRUE(checkOptions(*plugin, options.as_object()).empty());
}

}  // namespace
}  // namespace agw
