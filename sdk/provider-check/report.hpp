#pragma once

#include <ostream>
#include <string>

namespace agw {

/// Prints checks as they are made and counts them.
class Report {
 public:
  explicit Report(std::ostream& out) : out_(out) {}

  /// `why` is told when `passed` is false.
  bool check(const std::string& promise, bool passed, const std::string& why = "") {
    out_ << (passed ? "ok    " : "FAIL  ") << promise;
    if (!passed && !why.empty()) out_ << ": " << why;
    out_ << '\n';
    ++(passed ? passed_ : failed_);
    return passed;
  }
  void note(const std::string& text) { out_ << "      " << text << '\n'; }
  int close() {
    out_ << passed_ << " passed, " << failed_ << " failed\n";
    return failed_ == 0 ? 0 : 1;
  }

 private:
  std::ostream& out_;
  int passed_ = 0;
  int failed_ = 0;
};

}  // namespace agw
