# SPDX-License-Identifier: Apache-2.0
"""The user-level classes of the zoo: with and without __dict__, __slots__, metaclasses, descriptors, finalizers."""
import abc


class Plain:
    def __init__(self, n):
        self.number = n
        self.name = "plain-%d" % n

    def method(self):
        return self.number

    @classmethod
    def make(cls):
        return cls(0)

    @staticmethod
    def nothing():
        return None

    @property
    def twice(self):
        return 2 * self.number


class Many:
    def __init__(self, n):
        for i in range(n):
            setattr(self, "attribute_%d" % i, [i])


class Slots:
    __slots__ = ("left", "right", "unset")

    def __init__(self, left, right):
        self.left = left
        self.right = right


class SlotsAndDict(Slots):
    def __init__(self, left, right):
        super().__init__(left, right)
        self.extra = (left, right)


class SlotsWeak:
    __slots__ = ("value", "__weakref__")


class Meta(type):
    def __new__(mcs, name, bases, namespace):
        cls = super().__new__(mcs, name, bases, namespace)
        cls.made_by = mcs
        return cls


class WithMeta(metaclass=Meta):
    pass


class Abstract(abc.ABC):
    @abc.abstractmethod
    def act(self):
        """To be given by subclasses."""


class Concrete(Abstract):
    def act(self):
        return self


class Finalized:
    count = 0

    def __del__(self):
        Finalized.count += 1


class Descriptor:
    def __get__(self, instance, owner):
        return self

    def __set__(self, instance, value):
        pass


class WithDescriptor:
    field = Descriptor()


class SizeOf:
    def __sizeof__(self):
        return 12345
