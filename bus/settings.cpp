#include "bus/settings.hpp"

#include <algorithm>

namespace agentmon::bus {

std::string without_secrets(std::string_view urls) {
  std::string told;
  for (size_t begin = 0; begin <= urls.size();) {
    const auto end = std::min(urls.find(',', begin), urls.size());
    const auto url = urls.substr(begin, end - begin);
    const auto scheme = url.find("://");
    const auto authority = scheme == std::string_view::npos ? 0 : scheme + 3;
    // The last @: a password may hold one.
    const auto at = url.rfind('@');
    const auto host = at == std::string_view::npos || at < authority ? authority : at + 1;
    if (begin > 0) told += ',';
    told.append(url.substr(0, authority)).append(url.substr(host));
    begin = end + 1;
  }
  return told;
}

} // namespace agentmon::bus
