/* list.h - an intrusive, circular, doubly linked list, and nothing else */
#ifndef HOLDFAST_LIST_H
#define HOLDFAST_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *head)
{
	head->next = head->prev = head;
}

static inline bool list_is_empty(const struct list *head)
{
	return head->next == head;
}

static inline void list_add(struct list *head, struct list *item)
{
	item->next = head;
	item->prev = head->prev;
	head->prev->next = item;
	head->prev = item;
}

static inline void list_remove(struct list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	item->next = item->prev = item;
}

#define list_item(pointer, type, member) ((type *)(void *)((char *)(pointer) - offsetof(type, member)))
#define list_each(position, head) for (struct list *position = (head)->next; position != (head); position = position->next)

#endif
