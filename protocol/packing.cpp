#include "protocol/packing.hpp"

#include "protocol/limits.hpp"

#include <algorithm>
#include <cstdint>
#include <lz4frame.h>
#include <memory>

namespace agentmon {
namespace {

constexpr std::string_view frame_magic = "\x04\x22\x4d\x18";

struct reader_deleter {
  void operator()(LZ4F_dctx* reader) const noexcept { LZ4F_freeDecompressionContext(reader); }
};
using reader_handle = std::unique_ptr<LZ4F_dctx, reader_deleter>;

reader_handle make_reader() {
  LZ4F_dctx* raw = nullptr;
  LZ4F_createDecompressionContext(&raw, LZ4F_VERSION);
  return reader_handle{raw};
}

tl::unexpected<failure> damaged() { return fail(fault::invalid, "the message is no whole LZ4 frame"); }

} // namespace

std::string pack(std::string_view text) {
  LZ4F_preferences_t how{};
  how.frameInfo.contentSize = text.size();
  how.frameInfo.blockSizeID = LZ4F_max1MB;
  std::string packed(LZ4F_compressFrameBound(text.size(), &how), '\0');
  packed.resize(LZ4F_compressFrame(packed.data(), packed.size(), text.data(), text.size(), &how));
  return packed;
}

bool is_packed(std::string_view body) { return body.starts_with(frame_magic); }

size_t unpacked_bytes(std::string_view body) {
  if (!is_packed(body)) return body.size();
  LZ4F_frameInfo_t info{};
  size_t used = body.size();
  const auto reader = make_reader();
  const auto read = LZ4F_getFrameInfo(reader.get(), &info, body.data(), &used);
  if (LZ4F_isError(read) != 0 || info.contentSize == 0) return limits::unpacked_bytes;
  return std::min<uint64_t>(info.contentSize, limits::unpacked_bytes);
}

result<std::vector<char>> unpack(std::string_view body) {
  if (!is_packed(body)) return std::vector<char>{body.begin(), body.end()};
  const auto reader = make_reader();
  // One byte more than may come, so that what would be more is noticed.
  std::vector<char> text(unpacked_bytes(body) + 1);
  size_t from = 0, to = 0, wanted = 1;
  while (wanted != 0) {
    size_t taken = body.size() - from, given = text.size() - to;
    wanted = LZ4F_decompress(reader.get(), text.data() + to, &given, body.data() + from, &taken, nullptr);
    if (LZ4F_isError(wanted) != 0 || (taken == 0 && given == 0)) return damaged();
    from += taken;
    to += given;
    if (to > limits::unpacked_bytes)
      return fail(fault::invalid, "the message comes to more than " + std::to_string(limits::unpacked_bytes)
                                      + " bytes when it is unpacked");
  }
  if (from != body.size()) return damaged();
  text.resize(to);
  return text;
}

} // namespace agentmon
