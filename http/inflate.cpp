#include "http/inflate.hpp"

#include <algorithm>
#include <cstdint>
#include <zlib.h>

namespace agentmon {
namespace {

constexpr int gzip_or_zlib = 15 + 32; // the largest window; zlib tells the two formats apart by their heads

struct inflater {
  inflater() : ready{inflateInit2(&stream, gzip_or_zlib) == Z_OK} {}
  ~inflater() {
    if (ready) inflateEnd(&stream);
  }
  inflater(const inflater&) = delete;
  inflater& operator=(const inflater&) = delete;
  z_stream stream{};
  bool ready;
};

} // namespace

result<std::string> inflate(std::string_view compressed, size_t limit) {
  inflater in;
  if (!in.ready) return fail(fault::unavailable, "There is no memory to decompress the body; send it again later.");
  auto& stream = in.stream;
  // zlib's interface is not const-correct; it does not write to its input.
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  std::string out;
  size_t size = 0;
  for (int status = Z_OK; status != Z_STREAM_END || stream.avail_in > 0;) {
    if (status == Z_STREAM_END && inflateReset(&stream) != Z_OK) break; // one more gzip member
    if (size == out.size()) {
      if (size > limit)
        return fail(fault::overload, "The decompressed body is larger than 8 MiB: send it in smaller parts.");
      out.resize(std::min(limit + 1, std::max<size_t>(2 * size, 4 * compressed.size() + 1024)));
    }
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + size);
    stream.avail_out = static_cast<uInt>(out.size() - size);
    status = ::inflate(&stream, Z_NO_FLUSH);
    size = out.size() - stream.avail_out;
    const bool stuck = status == Z_BUF_ERROR || (status == Z_OK && stream.avail_in == 0 && stream.avail_out > 0);
    if (stuck || (status != Z_OK && status != Z_STREAM_END))
      return fail(fault::invalid, "The body is not whole or not sound gzip.");
  }
  if (size > limit)
    return fail(fault::overload, "The decompressed body is larger than 8 MiB: send it in smaller parts.");
  out.resize(size);
  return out;
}

} // namespace agentmon
