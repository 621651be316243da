"""Asks every prompt with LiteLLM's asynchronous client, at most CONCURRENCY together. LiteLLM itself keeps nothing on disk.

usage: litellm_calls.py PROMPTS.jsonl BASE_URL CONCURRENCY
"""
import asyncio
import json
import sys

import litellm

prompts, base_url, concurrency = sys.argv[1], sys.argv[2], int(sys.argv[3])


async def main():
    gate = asyncio.Semaphore(concurrency)

    async def ask(messages):
        async with gate:
            reply = await litellm.acompletion(model="openai/m", messages=messages, api_base=base_url, api_key="key")
        return reply.choices[0].message.content

    with open(prompts) as lines:
        answers = await asyncio.gather(*(ask(json.loads(line)["messages"]) for line in lines))
    print(sum(bool(answer) for answer in answers))


asyncio.run(main())
