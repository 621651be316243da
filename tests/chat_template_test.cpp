// Chat templates as models ship them: thinking is off, and the date is today's.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include "base/error.hpp"
#include "models/llama/chat_prompt.hpp"

namespace heretix {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::sys_days kToday{2026y / 11 / 30};

std::map<std::string, std::string> shipped_templates() {
  std::map<std::string, std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(HERETIX_TEST_TEMPLATES)) {
    std::ifstream file(entry.path());
    std::stringstream text;
    text << file.rdbuf();
    found[entry.path().stem()] = text.str();
  }
  return found;
}

ChatTemplate chat(const std::string& source, std::chrono::sys_days today = kToday) {
  return ChatTemplate(source, {.bos_token = "<s>", .eos_token = "</s>", .today = today});
}

ChatTemplate chat_before(const std::string& source) {
  return ChatTemplate(source, {.bos_token = "<s>", .eos_token = "</s>", .as_before_frames = true});
}

std::string behind_user(const std::string& frame) {
  const std::size_t at = frame.rfind("{USER}");
  return at == std::string::npos ? frame : frame.substr(at + 6);
}

// The marks that these templates open thinking with, and how their models close it. Written down apart from the
// program's own list.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kMarks = {
    {{"<think>", "</think>"},
     {"<think:opensource>", "</think:opensource>"},
     {"<seed:think>", "</seed:think>"},
     {"<mm:think>", "</mm:think>"},
     {"<|START_THINKING|>", "<|END_THINKING|>"},
     {"think<|sep|>", "<|close|>think<|sep|>"},
     {"<|think|>", "<|end|>"},
     {"reasoning steps:", "[BEGIN FINAL RESPONSE]"}}};

bool leaves_thinking_open(const std::string& frame) {
  const std::string tail = behind_user(frame);
  return std::ranges::any_of(kMarks, [&](const auto& mark) {
    const std::size_t at = tail.rfind(mark.first);
    return at != std::string::npos && tail.find(mark.second, at + mark.first.size()) == std::string::npos;
  });
}

TEST(ShippedTemplates, LeaveNoThinkingOpenAndTellTheDateOfToday) {
  const auto templates = shipped_templates();
  ASSERT_GE(templates.size(), 64U) << "run tools/setup.sh test";

  std::size_t open_before = 0, epoch_before = 0, dated = 0;
  for (const auto& [name, source] : templates) {
    const std::string frame = chat(source).frame();
    const bool tells_date = frame.find("30 Nov 2026") != std::string::npos ||
                            frame.find("Nov 30 2026") != std::string::npos ||
                            frame.find("2026-11-30") != std::string::npos;
    EXPECT_FALSE(leaves_thinking_open(frame)) << name << ": " << behind_user(frame);
    EXPECT_EQ(frame.find("1970"), std::string::npos) << name;
    EXPECT_EQ(frame.find("26 Jul 2024"), std::string::npos) << name;
    EXPECT_NE(frame.find("{USER}"), std::string::npos) << name;
    if (tells_date) ++dated;

    const std::string before = chat_before(source).frame();
    if (leaves_thinking_open(before)) ++open_before;
    if (before.find("1970") != std::string::npos) ++epoch_before;
  }
  EXPECT_EQ(open_before, 8U) << "what earlier builds left open";
  EXPECT_EQ(epoch_before, 3U);
  EXPECT_EQ(dated, 6U);
}

TEST(ShippedTemplates, EndAsTheirModelsBeginAnAnswer) {
  const std::map<std::string, std::string> endings = {
      {"Apriel-1.6-15b-Thinker-fixed", "Here are my reasoning steps:\n\n[BEGIN FINAL RESPONSE]\n\n"},
      {"ByteDance-Seed-OSS", "</seed:think>"},
      {"Cohere2MoE", "<|START_THINKING|><|END_THINKING|>"},
      {"HuggingFaceTB-SmolLM3-3B", "<think>\n\n</think>\n"},
      {"Kimi-K3", "<|open|>response<|sep|>"},
      {"MiniMax-M2", "<think>\n\n</think>\n\n"},
      {"MiniMax-M3", "</mm:think>"},
      {"NVIDIA-Nemotron-Nano-v2", "<think>\n\n</think>\n\n"},
      {"Qwen-Qwen3-0.6B", "<think>\n\n</think>\n\n"},
      {"StepFun3.5-Flash", "<think>\n\n</think>\n\n"},
      {"deepseek-ai-DeepSeek-R1-Distill-Llama-8B", "<think>\n\n</think>\n\n"},
      {"google-gemma-4-31B-it", "<|channel>thought\n<channel|>"},
      {"llama-cpp-deepseek-r1", "<think>\n\n</think>\n\n"},
      {"muse-glimmer", "<|start|>assistant to=user<|message|>"},
      {"openai-gpt-oss-120b", "<|start|>assistant<|channel|>final<|message|>"},
      {"tencent-Hy3", "<think:opensource></think:opensource>"},
      {"upstage-Solar-Open-100B", "<|think|><|end|><|begin|>assistant<|content|>"}};
  const auto templates = shipped_templates();
  for (const auto& [name, ending] : endings) {
    ASSERT_TRUE(templates.contains(name)) << name;
    EXPECT_TRUE(chat(templates.at(name)).frame().ends_with(ending)) << name << ": " << chat(templates.at(name)).frame();
  }
}

TEST(ChatTemplateFrame, IsThatOfEarlierBuildsWhereATemplateNeitherThinksNorTellsADate) {
  const std::string plain =
      "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant{{ "
      "'\\n' }}";
  EXPECT_EQ(chat(plain).frame(), chat_before(plain).frame());
  EXPECT_EQ(chat(plain).frame(),
            "<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n{USER}<|im_end|>\n<|im_start|>assistant\n");
}

TEST(ChatTemplateFrame, TellsOneDateAllDayInEveryPlaceOnEarth) {
  const std::string source = "{{ strftime_now('%Y-%m-%d %H') }} {{ messages[-1].content }}";
  const char* before = std::getenv("TZ");
  const std::string kept = before == nullptr ? "" : before;
  for (const char* place : {"UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin"}) {
    ::setenv("TZ", place, 1);
    ::tzset();
    EXPECT_EQ(chat(source).frame(), "2026-11-30 12 {SYSTEM}\n\n{USER}") << place;
    EXPECT_EQ(chat(source, kToday + std::chrono::days(1)).frame(), "2026-12-01 12 {SYSTEM}\n\n{USER}") << place;
  }
  if (before == nullptr) ::unsetenv("TZ");
  else ::setenv("TZ", kept.c_str(), 1);
  ::tzset();
}

// A claim about thinking marks is a claim.
TEST(ChatTemplateFrame, ClosesOnlyWhatTheTemplateOpened) {
  const std::string opens = "[{{ messages[-1].content }}]{{ '<think>\\n' }}", plain = "[{{ messages[-1].content }}]";
  EXPECT_EQ(text_of(chat(opens).render("s", "a </think> b").own), "a </think> b]<think>\n\n</think>\n\n");
  EXPECT_EQ(text_of(chat(plain).render("s", "a <think> b").own), "a <think> b]");
  EXPECT_FALSE(chat(opens).render("s", "u").own.back().is_input);
}

TEST(ChatTemplateFrame, KeepsAnEffortToItselfThatATemplateRefusesOrOnlyPrints) {
  const std::string head = "{{ messages[-1].content }}";
  EXPECT_EQ(chat(head + "{% if reasoning_effort is defined %}{{ raise_exception('no') }}{% endif %}").frame(),
            "{SYSTEM}\n\n{USER}");
  EXPECT_EQ(chat(head + "{{ reasoning_effort }}").frame(), "{SYSTEM}\n\n{USER}");
}

TEST(ChatTemplateFrame, BeginsWithASpaceWhereTheVocabularyPutsOne) {
  const auto shown = [](const std::string& source) {
    return ChatTemplate(source, {.bos_token = "<s>", .begins_with_space = true}).render("S", "U");
  };
  EXPECT_EQ(text_of(shown("{{ bos_token }}[INST] {{ messages[-1].content }}").shared), "<s> [INST] S\n\n");
  const ChatPrompt bare = shown("{{ bos_token }}{% for m in messages %}{{ m.content }}|{% endfor %}");
  EXPECT_EQ(text_of(bare.shared) + text_of(bare.own), "<s> S|U|");
  EXPECT_EQ(bare.shared[1].text, " S") << "one stretch, so that it can be one token";
}

}  // namespace
}  // namespace heretix
