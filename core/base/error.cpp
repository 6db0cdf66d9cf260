#include "base/error.hpp"

namespace agw {

const char* toString(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::InvalidRequest:
      return "InvalidRequest";
    case ErrorKind::NotFound:
      return "NotFound";
    case ErrorKind::Conflict:
      return "Conflict";
    case ErrorKind::Forbidden:
      return "Forbidden";
    case ErrorKind::Unsupported:
      return "Unsupported";
    case ErrorKind::BadOption:
      return "BadOption";
    case ErrorKind::BadClient:
      return "BadClient";
    case ErrorKind::Denied:
      return "Denied";
    case ErrorKind::GrantDead:
      return "GrantDead";
    case ErrorKind::RateLimited:
      return "RateLimited";
    case ErrorKind::Transient:
      return "Transient";
    case ErrorKind::Malformed:
      return "Malformed";
    case ErrorKind::Integrity:
      return "Integrity";
    case ErrorKind::Bug:
      return "Bug";
  }
  return "Bug";
}

}  // namespace agw
