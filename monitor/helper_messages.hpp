#pragma once
#include "monitor/outside.hpp"
#include "monitor/wire.hpp"

/// What a helper process is asked, and what it answers. A message is its length (uint32_t) and that many bytes of
/// wire.hpp; each question gets one answer.
namespace agentmon::monitor {

/// The hidden command of the program that makes it a helper, and the word after it is the URI.
constexpr std::string_view helper_command = "hypervisor-helper";

enum class asked : uint8_t {
  readings,  ///< of the named domains: result<std::vector<outside_view>>, in their order
  domains,   ///< all that the hypervisor knows: result<std::vector<known_domain>>
  addresses, ///< of one domain: result<std::vector<std::string>>
};

struct question {
  asked what = asked::readings;
  std::vector<std::string> domains;
};

/// A domain in a hypervisor's list.
struct known_domain {
  std::string name;
  domain_state state = domain_state::unknown;
};

auto fields(maybe_const<question> auto& it) { return std::tie(it.what, it.domains); }
auto fields(maybe_const<known_domain> auto& it) { return std::tie(it.name, it.state); }
auto fields(maybe_const<transfer> auto& it) { return std::tie(it.name, it.in, it.out); }
auto fields(maybe_const<outside_view> auto& it) {
  return std::tie(it.taken, it.state, it.reason, it.id, it.cpu_time, it.processors, it.memory_total,
                  it.memory_available, it.memory_usable, it.memory_resident, it.disks, it.networks, it.image_bytes,
                  it.image_allocated);
}

/// A message with its length before it.
inline std::string framed(const std::string& message) {
  packer to;
  to.put(static_cast<uint32_t>(message.size()));
  return to.take() + message;
}

template <class T>
std::string pack_answer(const result<T>& it) {
  packer to;
  to.put(it.has_value());
  if (it) {
    to.put(*it);
  } else {
    to.put(it.error().code);
    to.put(it.error().message);
  }
  return to.take();
}

/// fault::corrupt when these are not the bytes of such an answer.
template <class T>
result<T> unpack_answer(std::string_view bytes) {
  unpacker from{bytes};
  bool there = false;
  from.get(there);
  T value;
  failure why;
  if (there) {
    from.get(value);
  } else {
    from.get(why.code);
    from.get(why.message);
  }
  if (!from.good()) return fail(fault::corrupt, "the helper process answered with something else than was asked");
  if (there) return value;
  return tl::unexpected{std::move(why)};
}

} // namespace agentmon::monitor
