#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "config/variables.hpp"

namespace agw {

/// The variables that the process was started with, taken out of it: afterwards neither /proc/PID/environ nor
/// getenv nor a child has them. Only what libraries read at run time (locale, time zone, trusted
/// certificates, sanitizers) stays.
///
/// Immutable; safe to read from many threads. Reloads read references from here.
class ProcessEnvironment {
 public:
  /// Before any thread is started: it changes `environ` and wipes the values where the kernel put them.
  [[nodiscard]] static ProcessEnvironment take();

  /// Valid while this object stays where it is.
  [[nodiscard]] Environment reader() const;
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  std::map<std::string, Secret> values_;
};

}  // namespace agw
