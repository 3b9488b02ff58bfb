#include "commands/hooks/json_hooks.hpp"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <algorithm>
#include <vector>

namespace agentmon::hooks {
namespace {

using rapidjson::Document;
using rapidjson::Value;

result<Document> parse(std::string_view json) {
  Document document;
  if (json.find_first_not_of(" \t\r\n") == json.npos) {
    document.SetObject();
    return document;
  }
  document.Parse<rapidjson::kParseFullPrecisionFlag>(json.data(), json.size());
  if (document.HasParseError())
    return fail(fault::invalid, std::string{"it is no JSON: "} + rapidjson::GetParseError_En(document.GetParseError()));
  if (!document.IsObject()) return fail(fault::invalid, "it is no JSON object");
  return document;
}

std::string to_text(const Document& document) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer{buffer};
  writer.SetIndent(' ', 2);
  document.Accept(writer);
  return std::string{buffer.GetString(), buffer.GetSize()} + "\n";
}

bool is_command(const Value& hook, std::string_view command) {
  if (!hook.IsObject()) return false;
  const auto found = hook.FindMember("command");
  return found != hook.MemberEnd() && found->value.IsString()
         && std::string_view{found->value.GetString(), found->value.GetStringLength()} == command;
}

/// The list of hooks in a group; nullptr when it has none.
Value* hooks_in(Value& group) {
  if (!group.IsObject() || !group.HasMember("hooks")) return nullptr;
  auto& hooks = group["hooks"];
  return hooks.IsArray() ? &hooks : nullptr;
}

std::vector<std::string> names_of(const Value& object) {
  std::vector<std::string> names;
  for (const auto& member : object.GetObject()) names.emplace_back(member.name.GetString());
  return names;
}

bool has_command(Value& groups, std::string_view command) {
  return std::any_of(groups.Begin(), groups.End(), [&](Value& group) {
    const auto* const hooks = hooks_in(group);
    return hooks != nullptr
           && std::any_of(hooks->Begin(), hooks->End(), [&](const Value& hook) { return is_command(hook, command); });
  });
}

Value text_value(std::string_view text, Document::AllocatorType& memory) {
  return Value{text.data(), static_cast<rapidjson::SizeType>(text.size()), memory};
}

Value group_of(const hook_event& event, std::string_view command, Document::AllocatorType& memory) {
  Value hook{rapidjson::kObjectType};
  hook.AddMember("type", "command", memory);
  hook.AddMember("command", text_value(command, memory), memory);
  hook.AddMember("timeout", event.timeout_s, memory);
  Value hooks{rapidjson::kArrayType};
  hooks.PushBack(hook, memory);
  Value group{rapidjson::kObjectType};
  group.AddMember("hooks", hooks, memory);
  return group;
}

void remove_from(Value& groups, std::string_view command) {
  for (auto group = groups.Begin(); group != groups.End();) {
    auto* const hooks = hooks_in(*group);
    if (hooks == nullptr) {
      ++group;
      continue;
    }
    const auto before = hooks->Size();
    for (auto hook = hooks->Begin(); hook != hooks->End();)
      hook = is_command(*hook, command) ? hooks->Erase(hook) : hook + 1;
    group = hooks->Empty() && before > 0 ? groups.Erase(group) : group + 1;
  }
}

} // namespace

result<std::string> with_hooks(std::string_view json, std::span<const hook_event> events, std::string_view command) {
  auto document = parse(json);
  if (!document) return tl::unexpected{document.error()};
  auto& memory = document->GetAllocator();
  if (!document->HasMember("hooks")) document->AddMember("hooks", Value{rapidjson::kObjectType}, memory);
  auto& all = (*document)["hooks"];
  if (!all.IsObject()) return fail(fault::invalid, "its \"hooks\" is no object");
  bool changed = false;
  for (const auto& event : events) {
    const auto name = text_value(event.name, memory);
    if (!all.HasMember(name)) all.AddMember(text_value(event.name, memory), Value{rapidjson::kArrayType}, memory);
    auto& groups = all[name];
    if (!groups.IsArray()) return fail(fault::invalid, "its \"" + std::string{event.name} + "\" is no list");
    if (has_command(groups, command)) continue;
    groups.PushBack(group_of(event, command, memory), memory);
    changed = true;
  }
  return changed ? to_text(*document) : std::string{json};
}

result<std::string> without_hooks(std::string_view json, std::string_view command) {
  if (count_hooks(json, command) == 0) return std::string{json};
  auto document = parse(json);
  if (!document) return tl::unexpected{document.error()};
  auto& all = (*document)["hooks"];
  for (const auto& name : names_of(all)) {
    auto& groups = all[name.c_str()];
    if (!groups.IsArray()) continue;
    remove_from(groups, command);
    if (groups.Empty()) all.EraseMember(name.c_str());
  }
  if (all.ObjectEmpty()) document->EraseMember("hooks");
  return to_text(*document);
}

size_t count_hooks(std::string_view json, std::string_view command) {
  auto document = parse(json);
  if (!document) return 0;
  if (!document->HasMember("hooks") || !(*document)["hooks"].IsObject()) return 0;
  auto& all = (*document)["hooks"];
  const auto names = names_of(all);
  return static_cast<size_t>(std::count_if(names.begin(), names.end(), [&](const std::string& name) {
    auto& groups = all[name.c_str()];
    return groups.IsArray() && has_command(groups, command);
  }));
}

} // namespace agentmon::hooks
