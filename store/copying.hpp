#pragma once
#include "protocol/limits.hpp"
#include "store/connection.hpp"

#include <span>
#include <string>

namespace agentmon::store {

/// Runs `statement`, a COPY ... FROM STDIN (FORMAT binary); append(buffer, item) writes one row: the number of its
/// columns as an int16_t, then its fields.
template <class Item, class Append>
result<void> copy_rows(connection& db, const std::string& statement, std::span<const Item> items, Append&& append) {
  constexpr size_t piece_bytes = 64 * limits::KiB; // PostgreSQL works on one piece while we make the next
  return db.copy_in(statement, [&](const connection::copy_piece& put) {
    std::string piece{"PGCOPY\n\xff\r\n\0", 11};
    binary::append_integer<int32_t>(piece, 0); // flags
    binary::append_integer<int32_t>(piece, 0); // bytes of header extension
    for (const auto& item : items) {
      append(piece, item);
      if (piece.size() < piece_bytes) continue;
      if (!put(piece)) return;
      piece.clear();
    }
    binary::append_integer<int16_t>(piece, -1); // the end
    put(piece);
  });
}

} // namespace agentmon::store
