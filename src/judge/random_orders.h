/*
 * random_orders.h - what the calls of threads come to, in every order of them
 */
#ifndef HOLDFAST_RANDOM_ORDERS_H
#define HOLDFAST_RANDOM_ORDERS_H

#include "scenario.h"

enum { ORDER_VALUES = 6 };

struct came_to {
	bool done, passed_over;
	unsigned errors;	/* may_fail_bit() of each */
	struct order_value {
		unsigned char bytes[SCENARIO_VALUE];
		bool sure;	/* in an order where all went as the model has it */
	} values[ORDER_VALUES];	/* of a load with a name */
	unsigned count;
	bool too_many;
};

/*
 * Carries the scenario out on the reference model, once for each order of the calls
 * (and without each of those that the library may refuse, or a thread not know of yet).
 * came_to has one for each step.
 */
void orders_try(const struct scenario *, struct came_to *came_to);

#endif
