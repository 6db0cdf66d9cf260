#include "config/yaml_tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <string_view>

#include "base/encoding.hpp"
#include "config/nearest.hpp"

namespace agw {
namespace {

constexpr std::size_t kMaxBytes = 1U << 20;
constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxNodes = 20'000;

/// The parser takes the end of the file for a missing closing quote. This comment stands behind the text;
/// where it turns up inside a value, a quote was left open.
constexpr std::string_view kEndMark = "# end of file, outside of every value";

/// Ends the parse from inside a handler: going on makes no sense or costs too much.
struct Stop {
  YamlFault fault;
};

YamlPlace placeOf(const YAML::Mark& mark) {
  return {mark.line + 1, mark.column + 1};
}

/// Builds the tree and refuses what a configuration has no use for.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(YamlDocument& document) : document_(document) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (started_) throw Stop{{placeOf(mark), "a second document starts here; one file holds one"}};
    started_ = true;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuseAnchor(mark, anchor);
    add({.kind = YamlNode::Kind::Nothing, .place = placeOf(mark)});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Stop{{placeOf(mark), "aliases (*name) are not allowed; write the value out"}};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuseAnchor(mark, anchor);
    refuseTag(mark, tag);
    if (value.find(kEndMark) != std::string::npos)
      throw Stop{{placeOf(mark), "the quote that starts here is not closed"}};
    const auto control = [](unsigned char c) { return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f; };
    if (std::any_of(value.begin(), value.end(), control)) {
      fault(placeOf(mark), "the text has a control character");
    }
    add({.kind = YamlNode::Kind::Text, .place = placeOf(mark), .text = value, .plain = tag == "?"});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::List);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::Map);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    YamlNode node;
    bool keyNext = true;
    std::map<std::string, int> keyLines{};
  };

  void fault(YamlPlace place, std::string message) {
    document_.faults.push_back({place, std::move(message)});
  }

  void refuseAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) fault(placeOf(mark), "anchors (&name) are not allowed");
  }
  void refuseTag(const YAML::Mark& mark, const std::string& tag) {
    // The parser says "?" for an unquoted value without a tag and "!" for a quoted one.
    if (!tag.empty() && tag != "?" && tag != "!") fault(placeOf(mark), "tags (!name) are not allowed");
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind) {
    refuseAnchor(mark, anchor);
    refuseTag(mark, tag);
    if (frames_.size() == kMaxDepth) throw Stop{{placeOf(mark), "nested deeper than 32 levels"}};
    countNode(placeOf(mark));
    frames_.push_back({.node = {.kind = kind, .place = placeOf(mark)}});
  }

  void close() {
    YamlNode node = std::move(frames_.back().node);
    frames_.pop_back();
    attach(std::move(node));
  }

  void add(YamlNode node) {
    countNode(node.place);
    attach(std::move(node));
  }

  void countNode(YamlPlace place) {
    if (++nodes_ > kMaxNodes) throw Stop{{place, "more than 20,000 values"}};
  }

  void attach(YamlNode node) {
    if (frames_.empty()) {
      document_.root = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == YamlNode::Kind::List) {
      frame.node.items.push_back(std::move(node));
    } else if (frame.keyNext) {
      attachKey(frame, std::move(node));
      frame.keyNext = false;
    } else {
      // The parser sees "nothing" where the next thing begins, which may be lines away.
      if (node.kind == YamlNode::Kind::Nothing) node.place = frame.node.keys.back().place;
      frame.node.items.push_back(std::move(node));
      frame.keyNext = true;
    }
  }

  void attachKey(Frame& frame, YamlNode node) {
    if (node.kind != YamlNode::Kind::Text) {
      fault(node.place, std::string("a key must be a text; found ") + node.kindName());
    } else if (node.plain && node.text == "<<") {
      fault(node.place, "merge keys (<<) are not allowed; write the values out");
    } else {
      const auto [first, added] = frame.keyLines.emplace(node.text, node.place.line);
      if (!added) {
        fault(node.place, "the key " + shown(node.text) + " is here twice, first in line " +
                              std::to_string(first->second));
      }
    }
    frame.node.keys.push_back({std::move(node.text), node.place});
  }

  YamlDocument& document_;
  std::vector<Frame> frames_;
  std::size_t nodes_ = 0;
  bool started_ = false;
};

constexpr const char* kTabs = "a tab in the indentation; indent with spaces";

bool indentedByTab(const std::string& text, int line) {
  std::size_t start = 0;
  for (int i = 1; i < line && start != std::string::npos; ++i) start = text.find('\n', start) + 1;
  const auto end = text.find_first_not_of(" \t", start);
  return line > 0 && end != std::string::npos &&
         text.substr(start, end - start).find('\t') != std::string::npos;
}

/// The parser's own messages can contain pieces of the file, so they are told apart, not passed on.
std::string ownWords(std::string_view message) {
  const auto has = [message](std::string_view part) { return message.find(part) != std::string_view::npos; };
  if (has("tab")) return kTabs;
  if (has("alias") || has("anchor")) return "anchors (&name) and aliases (*name) are not allowed";
  if (has("tag") || has("TAG") || has("directive") || has("YAML version")) {
    return "tags (!name) and directives (%NAME) are not allowed";
  }
  if (has("flow not found") || has("EOF in scalar")) return "a bracket, brace or quote is not closed";
  if (has("flow end")) return "a closing bracket or brace without its opening one";
  if (has("map value"))
    return "a second colon in one line, or a wrong indentation; put quotes around a text with a colon";
  if (has("escape") || has("hex") || has("unicode")) return "a broken escape in a text with double quotes";
  if (has("block entry")) return "a list item (-) where none can stand; look at the indentation";
  if (has("end of"))
    return "this line does not belong to the mapping or list above; look at colon and indentation";
  return "not valid YAML here";
}

/// Limits that hold before the parser sees anything.
std::vector<YamlFault> checkText(const std::string& text) {
  if (text.size() > kMaxBytes) return {{{}, "the file is larger than 1 MiB"}};
  std::vector<YamlFault> faults;
  std::size_t start = 0;
  for (int line = 1; start < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view content(text.data() + start, end - start);
    for (std::size_t i = 0; i < content.size(); ++i) {
      const auto c = static_cast<unsigned char>(content[i]);
      const bool lineEnd = c == '\r' && i + 1 == content.size();
      if ((c < 0x20 && c != '\t' && !lineEnd) || c == 0x7f) {
        faults.push_back({{line, static_cast<int>(i) + 1}, "a control character"});
        break;
      }
    }
    if (!isUtf8(content)) faults.push_back({{line, 0}, "this line is not UTF-8"});
    start = end + 1;
  }
  if (faults.empty() && !text.empty() && text.back() != '\n') {
    const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
    faults.push_back(
        {{lines + 1, 0}, "the last line has no line break, so the file may have been cut; end it with one"});
  }
  return faults;
}

}  // namespace

const YamlNode* YamlNode::find(const std::string& key) const {
  for (std::size_t i = 0; i < keys.size() && i < items.size(); ++i) {
    if (keys[i].text == key) return &items[i];
  }
  return nullptr;
}

const char* YamlNode::kindName() const {
  switch (kind) {
    case Kind::Nothing:
      return "nothing";
    case Kind::Text:
      return "a text";
    case Kind::List:
      return "a list";
    case Kind::Map:
      return "a mapping";
  }
  return "nothing";
}

YamlDocument parseYaml(const std::string& text) {
  YamlDocument document;
  document.faults = checkText(text);
  if (!document.faults.empty()) return document;
  TreeBuilder builder(document);
  try {
    std::istringstream stream(text + std::string(kEndMark) + "\n");
    YAML::Parser parser(stream);
    // The second call only looks whether there is more; the builder ends it at its first event.
    if (parser.HandleNextDocument(builder)) parser.HandleNextDocument(builder);
  } catch (const Stop& stop) {
    document.faults.push_back(stop.fault);
  } catch (const YAML::Exception& error) {
    const YamlPlace place = error.mark.is_null() ? YamlPlace{} : placeOf(error.mark);
    document.faults.push_back({place, indentedByTab(text, place.line) ? kTabs : ownWords(error.msg)});
  }
  return document;
}

}  // namespace agw
