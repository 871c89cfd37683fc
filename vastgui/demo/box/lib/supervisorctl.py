"""Plays supervisorctl: hands its words to the practice instance and prints the answer."""

import json
import os
import socket
import sys


def main() -> int:
    with open(os.path.join(os.environ["PRACTICE_ROOT"], "run", "supervisor.json")) as file:
        address = json.load(file)
    try:
        link = socket.create_connection(("127.0.0.1", address["port"]), timeout=60)
    except OSError as error:
        print(f"unix:///var/run/supervisor.sock refused connection ({error})")
        return 4
    with link:
        request = {"token": address["token"], "words": sys.argv[1:]}
        link.sendall(json.dumps(request).encode() + b"\n")
        with link.makefile("rb") as reply:
            answer = json.loads(reply.readline() or b'{"text": "no answer", "code": 4}')
    print(answer["text"])
    return answer["code"]


sys.exit(main())
