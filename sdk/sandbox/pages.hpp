#pragma once

#include <string>
#include <utility>
#include <vector>

namespace sandbox {

struct Option {
  std::string value;
  std::string title;
  std::string note;
  bool chosen = false;
};

/// Choices under one name of the form.
struct Group {
  std::string name;
  std::string legend;
  bool several = false;  ///< tick boxes
  bool typed = false;    ///< also whatever is typed, as `other`
  std::vector<Option> options;
};

struct Button {
  std::string value;
  std::string label;
  std::string name = "decision";
};

/// A page with one form. Works without script.
struct FormView {
  std::string badge;
  std::string title;
  std::string text;
  std::string action;  ///< where the form goes
  std::vector<std::pair<std::string, std::string>> hidden{};
  std::vector<Group> groups{};
  std::string field{};  ///< name of a line to type in; empty: none
  std::string fieldLabel{};
  std::string fieldValue{};
  std::string listTitle{};  ///< empty: no list
  std::vector<std::string> list{};
  std::vector<Button> buttons{{"deny", "Deny"}, {"allow", "Allow"}};  ///< the last is the one to press
};
[[nodiscard]] std::string formPage(const FormView& view);
/// Who consents: the people who live here, `chosen`, or whoever is typed.
[[nodiscard]] Group accountGroup(const std::string& chosen);

/// Several things with buttons, each a form to `action` with the hidden fields and the button's.
struct TableView {
  std::string badge;
  std::string title;
  std::string text;
  std::string action;
  struct Row {
    std::string title;
    std::string note;
    std::vector<std::pair<std::string, std::string>> hidden;
    std::vector<Button> buttons;
  };
  std::vector<Row> rows{};
};
[[nodiscard]] std::string tablePage(const TableView& view);

/// A page with a headline and a sentence.
[[nodiscard]] std::string messagePage(const std::string& title, const std::string& text);
/// A page that sends its fields to `action` at once, by its only script or by the button.
[[nodiscard]] std::string postingPage(const std::string& action,
                                      const std::vector<std::pair<std::string, std::string>>& fields);
/// What this provider is and where its endpoints are; `settings` leads to what may be ended.
[[nodiscard]] std::string indexPage(const std::string& provider, const std::vector<std::string>& addresses,
                                    const std::string& settings);

/// Header value that goes with all pages: nothing but their own style, and the one script of `postingPage`.
[[nodiscard]] const std::string& contentSecurityPolicy();

}  // namespace sandbox
