#pragma once

#include <iosfwd>
#include <memory>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "config/settings.hpp"

namespace agw {

/// A log that writes one line an event to `stream`, through Poco's channel, which keeps lines of several
/// threads apart.
///
/// Json: `{"time":...,"level":...,"event":...,<fields>}`. Text: the same for people. In both, control
/// characters of values are escaped and malformed UTF-8 becomes `?`. `stream` must outlive it.
[[nodiscard]] std::unique_ptr<Log> makeStreamLog(std::ostream& stream, LogLevel least, LogFormat format,
                                                 const Clock& clock);

}  // namespace agw
