// The code, docs/configuration.md, config/.env.example and the schema for editors name the same things.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "config/provider_keys.hpp"
#include "config/providers_file.hpp"
#include "config/variables.hpp"

namespace agw {
namespace {

using Names = std::set<std::string>;

std::string contentOf(const std::string& path) {
  std::ifstream stream(AGW_TESTS_DIR "/../" + path);
  EXPECT_TRUE(stream) << path;
  return {std::istreambuf_iterator<char>(stream), {}};
}

Names matches(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern, std::regex::multiline);
  Names names;
  for (std::sregex_iterator match(text.begin(), text.end(), expression), end; match != end; ++match) {
    names.insert((*match)[1]);
  }
  return names;
}

/// The manual between two headings.
std::string section(const std::string& from, const std::string& to) {
  const std::string manual = contentOf("docs/configuration.md");
  const auto begin = manual.find("\n" + from + "\n");
  const auto end = to.empty() ? manual.size() : manual.find("\n" + to + "\n");
  EXPECT_NE(begin, std::string::npos) << from;
  EXPECT_LT(begin, end) << to;
  return manual.substr(begin, end - begin);
}

Names ownVariables() {
  Names names;
  for (const auto& variable : variables()) names.emplace(variable.name);
  return names;
}

Names referredVariables() {
  return matches(contentOf("config/providers.yaml"), R"(^[^#\n]*\$\{([A-Z][A-Z0-9_]*)(?::-[^}]*)?\})");
}

Names namesOf(std::span<const FileKey> keys, bool requiredOnly = false) {
  Names names;
  for (const auto& key : keys) {
    if (key.required || !requiredOnly) names.emplace(key.name);
  }
  return names;
}

constexpr const char* kFirstCell = R"(^\| `([A-Za-z0-9_]+)`)";

TEST(Manual, Environment_ListsEveryVariableAndNoOther) {
  EXPECT_EQ(matches(section("## Environment", "## providers.yaml"), kFirstCell), ownVariables());
}

TEST(Manual, Environment_TellsTheDefaultsOfTheCode) {
  const std::string manual = section("## Environment", "## providers.yaml");
  for (const auto& variable : variables()) {
    const std::string fallback(variable.fallback);
    const std::string cell = fallback == "none" ? "none" : "`" + fallback + "`";
    EXPECT_NE(manual.find("| `" + std::string(variable.name) + "` | " + cell), std::string::npos)
        << variable.name;
  }
}

TEST(Manual, VariablesOfTheShippedFile_AreExplained) {
  const std::string manual = section("## Variables of the shipped file", "");
  for (const auto& name : referredVariables())
    EXPECT_NE(manual.find("`" + name + "`"), std::string::npos) << name;
}

TEST(Manual, ExampleEnvironment_ListsEveryVariable) {
  Names expected = ownVariables();
  expected.merge(referredVariables());
  EXPECT_EQ(matches(contentOf("config/.env.example"), R"(^#?([A-Z][A-Z0-9_]*)=)"), expected);
}

TEST(Manual, FileKeys_AreThoseOfTheCode) {
  EXPECT_EQ(matches(section("## providers.yaml", "### An entry of `providers`"), kFirstCell),
            namesOf(topKeys()));
  EXPECT_EQ(matches(section("### An entry of `providers`", "#### `refresh` of an entry"), kFirstCell),
            namesOf(providerKeys()));
  EXPECT_EQ(matches(section("#### `refresh` of an entry", "### An item of `installations`"), kFirstCell),
            namesOf(refreshKeys()));
  EXPECT_EQ(
      matches(section("### An item of `installations`", "## Variables of the shipped file"), kFirstCell),
      namesOf(installationKeys()));
}

Names keysOf(const boost::json::object& object) {
  Names names;
  for (const auto& entry : object) names.emplace(entry.key());
  return names;
}

void expectSame(const boost::json::object& schema, std::span<const FileKey> keys) {
  EXPECT_EQ(keysOf(schema.at("properties").as_object()), namesOf(keys));
  Names required;
  if (const auto* listed = schema.if_contains("required")) {
    for (const auto& name : listed->as_array()) required.emplace(name.as_string());
  }
  EXPECT_EQ(required, namesOf(keys, true));
  EXPECT_FALSE(schema.at("additionalProperties").as_bool());
}

TEST(Manual, SchemaForEditors_HasTheKeysOfTheParser) {
  const auto schema = boost::json::parse(contentOf("config/schema/providers.schema.json")).as_object();
  expectSame(schema, topKeys());
  const auto& parts = schema.at("$defs").as_object();
  expectSame(parts.at("provider").as_object(), providerKeys());
  expectSame(parts.at("provider").at("properties").at("refresh").as_object(), refreshKeys());
  expectSame(parts.at("installation").as_object(), installationKeys());
}

TEST(Manual, ShippedFile_HasNoFaultAndNamesItsSchema) {
  const std::string text = contentOf("config/providers.yaml");
  EXPECT_TRUE(text.starts_with("# yaml-language-server: $schema=schema/providers.schema.json\n"));
  const auto file = parseProviders(
      text, "providers.yaml", [](const std::string&) { return std::optional<std::string>(); },
      "http://localhost:8000", DeploymentKind::Production);
  EXPECT_TRUE(file.faults.empty());
  for (const auto& entry : file.providers) EXPECT_FALSE(entry.missing.empty()) << entry.id;
}

}  // namespace
}  // namespace agw
