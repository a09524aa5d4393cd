/** What really pays. */
export interface Refund {
  order: string;
  amount: number;
  currency: string;
}

export const activities = {
  async refund({ order }: Refund): Promise<string> {
    return Promise.resolve(`re_${order}`);
  },
};
