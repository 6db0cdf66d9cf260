#pragma once

#include <functional>
#include <string>

#include <boost/json/object.hpp>

#include "config/entry_reader.hpp"

namespace agw {

/// Makes the JSON object that a plugin's schema describes of an entry's `options`. An unquoted number or
/// truth value is one, every other text is a text, with its references resolved. `note` hears of each value's
/// place by its JSON pointer.
[[nodiscard]] boost::json::object readOptions(
    const YamlNode& options, EntryReader& entry, FaultList& faults,
    const std::function<void(const std::string& pointer, YamlPlace place)>& note);

}  // namespace agw
