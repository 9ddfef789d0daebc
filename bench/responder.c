// What the load generator itself can see: answers every request of a socketmap with `OK <key>` from one C thread,
// without looking anything up. No server can be measured faster than this one. Linux only.
// usage: responder PATH
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ROOM = 4096, EVENTS = 256 };

// The generator writes a request at once and waits for its reply, so one read brings one request.
static void answer(int fd) {
  char in[ROOM], out[ROOM + 16];
  ssize_t got = recv(fd, in, sizeof in - 1, 0);
  in[got < 0 ? 0 : got] = 0;
  char *space = got <= 0 ? NULL : strchr(in, ' ');
  if (space == NULL) {
    close(fd);
    return;
  }
  int key = (int)(in + got - 1 - (space + 1));
  int length = snprintf(out, sizeof out, "%d:OK %.*s,", key + 3, key, space + 1);
  if (send(fd, out, (size_t)length, MSG_NOSIGNAL) != length) close(fd);
}

int main(int argc, char **argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (argc != 2 || strlen(argv[1]) >= sizeof address.sun_path) return 64;
  strcpy(address.sun_path, argv[1]);
  int listener = socket(AF_UNIX, SOCK_STREAM, 0), poll_fd = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS];
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 4096) != 0 ||
      epoll_ctl(poll_fd, EPOLL_CTL_ADD, listener, &event) != 0) {
    perror(argv[1]);
    return 69;
  }
  for (;;) {
    int count = epoll_wait(poll_fd, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
      if (events[i].data.fd != listener) {
        answer(events[i].data.fd);
        continue;
      }
      struct epoll_event accepted = {.events = EPOLLIN, .data.fd = accept(listener, NULL, NULL)};
      if (accepted.data.fd >= 0) epoll_ctl(poll_fd, EPOLL_CTL_ADD, accepted.data.fd, &accepted);
    }
  }
}
