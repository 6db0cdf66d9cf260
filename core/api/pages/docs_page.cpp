#include "api/pages/docs_page.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "api/openapi_document.hpp"
#include "api/pages/pages.hpp"
#include "base/encoding.hpp"

namespace agw::api::pages {
namespace {

namespace json = boost::json;

std::string textOf(const json::value& value) {
  if (const auto* text = value.if_string()) return {text->data(), text->size()};
  return json::serialize(value);
}

const json::value* member(const json::value& value, std::string_view name) {
  const auto* object = value.if_object();
  return object ? object->if_contains(json::string_view(name.data(), name.size())) : nullptr;
}

std::string escaped(const json::value& value, std::string_view name) {
  const auto* found = member(value, name);
  return found ? htmlEscape(textOf(*found)) : std::string();
}

void indent(const json::value& value, std::string& out, std::size_t depth) {
  const std::string pad((depth + 1) * 2, ' ');
  const std::string end = "\n" + std::string(depth * 2, ' ');
  if (const auto* object = value.if_object(); object && !object->empty()) {
    const char* separator = "{\n";
    for (const auto& entry : *object) {
      out += separator + pad + json::serialize(json::value(entry.key())) + ": ";
      indent(entry.value(), out, depth + 1);
      separator = ",\n";
    }
    out += end + "}";
  } else {
    out += json::serialize(value);
  }
}

std::string example(const json::value& value) {
  std::string text;
  indent(value, text, 0);
  return "<pre>" + htmlEscape(text) + "</pre>\n";
}

/// Writes the operations of one document; references are followed within it.
class Writer {
 public:
  explicit Writer(const json::value& document) : document_(document) {}

  std::string write() {
    std::string body =
        "<h1>" + escaped(document_.at("info"), "title") + " API</h1>\n<p>" +
        escaped(document_.at("info"), "description") +
        "</p>\n<p>For programs: <a href=\"/openapi.json\">/openapi.json</a> (OpenAPI 3.1).</p>\n";
    std::string sections;
    std::string contents = "<nav aria-label=\"Contents\"><ul>\n";
    for (const auto& tag : document_.at("tags").as_array()) {
      sections +=
          "<section>\n<h2>" + escaped(tag, "name") + "</h2>\n<p>" + escaped(tag, "description") + "</p>\n";
      for (const auto& path : document_.at("paths").as_object())
        writePath(path, tag.at("name"), sections, contents);
      sections += "</section>\n";
    }
    return body + contents + "<li><a href=\"#errors\">Errors</a></li>\n</ul></nav>\n" + sections + errors();
  }

 private:
  const json::value& resolved(const json::value& value) const {
    const auto* reference = member(value, "$ref");
    return reference ? document_.at_pointer(reference->as_string().subview(1)) : value;
  }

  void writePath(const json::key_value_pair& path, const json::value& tag, std::string& out,
                 std::string& contents) {
    for (const auto& entry : path.value().as_object()) {
      const auto& operation = entry.value();
      const auto* tags = member(operation, "tags");
      if (!tags || tags->as_array().front() != tag) continue;
      std::string method(entry.key().data(), entry.key().size());
      std::transform(method.begin(), method.end(), method.begin(),
                     [](char c) { return static_cast<char>(c - 32); });
      const std::string id = escaped(operation, "operationId");
      const std::string name = "<span class=\"verb info\">" + method + "</span><code>" +
                               htmlEscape({path.key().data(), path.key().size()}) + "</code>";
      contents += "<li><a href=\"#" + id + "\">" + name + "</a></li>\n";
      out += "<section id=\"" + id + "\">\n<h3>" + name + "</h3>\n<p><strong>" +
             escaped(operation, "summary") + "</strong> " + escaped(operation, "description") + "</p>\n";
      writeParameters(operation, out);
      writeBody(operation, out);
      writeAnswers(operation, out);
      out += "</section>\n";
    }
  }

  /// `string`, or `string or null`.
  static std::string typeName(const json::value& schema) {
    const auto* type = member(schema, "type");
    if (!type) return {};
    const auto* several = type->if_array();
    if (!several) return textOf(*type);
    std::string names;
    for (const auto& one : *several) names += (names.empty() ? "" : " or ") + textOf(one);
    return names;
  }

  static void row(std::string& out, const std::string& name, bool required, const json::value& schema,
                  const std::string& description) {
    out += "<tr><td><code>" + name + "</code></td><td>" + htmlEscape(typeName(schema)) +
           (required ? "" : ", optional") + "</td><td>" + description + "</td></tr>\n";
  }

  static std::string table(const std::string& rows) {
    return "<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">Field</th><th scope=\"col\">Type</th>"
           "<th scope=\"col\">Meaning</th></tr></thead>\n<tbody>\n" +
           rows + "</tbody></table></div>\n";
  }

  void writeParameters(const json::value& operation, std::string& out) const {
    const auto* parameters = member(operation, "parameters");
    if (!parameters) return;
    std::string rows;
    for (const auto& reference : parameters->as_array()) {
      const auto& parameter = resolved(reference);
      const auto* required = member(parameter, "required");
      row(rows, escaped(parameter, "name"), required && required->as_bool(), resolved(parameter.at("schema")),
          escaped(parameter, "description"));
    }
    out += "<h4>Parameters</h4>\n" + table(rows);
  }

  void writeFields(const json::value& schema, std::string& out) const {
    const auto* properties = member(schema, "properties");
    if (!properties) return;
    const auto* required = member(schema, "required");
    std::string rows;
    for (const auto& entry : properties->as_object()) {
      const bool needed = required && std::find(required->as_array().begin(), required->as_array().end(),
                                                json::value(entry.key())) != required->as_array().end();
      const auto& field = resolved(entry.value());
      row(rows, htmlEscape({entry.key().data(), entry.key().size()}), needed, field,
          escaped(field, "description"));
    }
    out += table(rows);
  }

  /// The first media type of a request or answer: its fields and its example.
  void writeContent(const json::value& owner, std::string& out) const {
    const auto* content = member(owner, "content");
    if (!content || content->as_object().empty()) return;
    const auto& media = content->as_object().begin()->value();
    if (const auto* schema = member(media, "schema")) writeFields(resolved(*schema), out);
    if (const auto* sample = member(media, "example")) out += example(*sample);
  }

  void writeBody(const json::value& operation, std::string& out) const {
    const auto* body = member(operation, "requestBody");
    if (!body) return;
    out += "<h4>Body</h4>\n";
    writeContent(*body, out);
  }

  void writeAnswers(const json::value& operation, std::string& out) const {
    for (const auto& entry : operation.at("responses").as_object()) {
      if (member(entry.value(), "$ref")) continue;  // the error table tells these
      out += "<h4>Answer " + htmlEscape({entry.key().data(), entry.key().size()}) + ": " +
             escaped(entry.value(), "description") + "</h4>\n";
      writeContent(entry.value(), out);
    }
  }

  std::string errors() const {
    std::string out =
        "<section id=\"errors\">\n<h2>Errors</h2>\n<div class=\"scroll\"><table>\n<thead><tr>"
        "<th scope=\"col\">Status</th><th scope=\"col\">error</th><th scope=\"col\">When</th></tr></thead>\n"
        "<tbody>\n";
    for (const auto& line : document_.at("x-errors").as_array()) {
      out += "<tr><td>" + escaped(line, "status") + "</td><td><code>" + escaped(line, "error") +
             "</code></td><td>" + escaped(line, "when") + "</td></tr>\n";
    }
    return out + "</tbody></table></div>\n</section>\n";
  }

  const json::value& document_;
};

}  // namespace

const std::string& docs() {
  static const std::string page = [] {
    const auto text = openApiDocument();
    const json::value parsed = json::parse(json::string_view(text.data(), text.size()));
    return document("Auth Gateway API", Writer(parsed).write(), "docs");
  }();
  return page;
}

}  // namespace agw::api::pages
