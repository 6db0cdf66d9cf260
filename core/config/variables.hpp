#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace agw {

/// The environment as the settings read it: variable name to value. Tests give a map; the application gives a
/// snapshot that it has taken out of the process.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// A line of the manual: `docs/configuration.md` and `config/.env.example` have one for each, and a test
/// holds them together.
struct Variable {
  std::string_view name;
  std::string_view fallback;  ///< what holds when it is not set, as the manual says it
  bool secret = false;
};

/// Every variable that the gateway itself reads. Those that providers.yaml refers to are its own business.
[[nodiscard]] std::span<const Variable> variables();

/// What a variable holds, from `NAME` or from the file that `NAME_FILE` names. Empty counts as not set.
struct VariableValue {
  std::optional<std::string> text;
  std::string fault;    ///< why it cannot be read; names the variable at fault, never a value
  std::string warning;  ///< it can, but who else can read the file deserves a word
};

[[nodiscard]] VariableValue readVariable(const Environment& environment, const std::string& name);

/// A small text file as a secret store mounts it: at most 64 KiB of UTF-8, one line break at its end trimmed.
struct TextFile {
  std::optional<std::string> text;
  bool absent = false;  ///< it is not there, or not for us
  std::string fault;    ///< what is wrong with it, without its path
  std::string warning;
};

[[nodiscard]] TextFile readTextFile(const std::string& path);

}  // namespace agw
